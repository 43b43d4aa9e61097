// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvmd/xen_ports.hpp"

#include "libvmshare/port/linux/loops.hpp"
#include "libvmshare/port/linux/network.hpp"
#include "libvmshare/port/xen/direct.hpp"
#include "libvmshare/port/xen/domains.hpp"
#include "libvmshare/port/xen/events.hpp"
#include "libvmshare/port/xen/grants.hpp"
#include "libvmshare/port/xen/store.hpp"

namespace xvm::xvmd {
namespace {

class Xen_ports final : public Port_set {
  public:
    Xen_ports(std::unique_ptr<port::Domains> domains, std::unique_ptr<port::Store> store,
              std::unique_ptr<port::Direct_devices> direct, std::unique_ptr<port::Grants> grants,
              std::unique_ptr<port::Events> events)
        : domains_(std::move(domains)), store_(std::move(store)), direct_(std::move(direct)),
          grants_(std::move(grants)), events_(std::move(events)) {}
    port::Domains& domains() noexcept override { return *domains_; }
    port::Store& store() noexcept override { return *store_; }
    port::Network& network() noexcept override { return *network_; }
    port::Loops& loops() noexcept override { return *loops_; }
    port::Direct_devices* direct() noexcept override { return direct_.get(); }
    port::Grants* grants() noexcept override { return grants_.get(); }
    port::Events* events() noexcept override { return events_.get(); }

  private:
    std::unique_ptr<port::Domains> domains_;
    std::unique_ptr<port::Store> store_;
    std::unique_ptr<port::Direct_devices> direct_;
    std::unique_ptr<port::Grants> grants_;
    std::unique_ptr<port::Events> events_;
    std::unique_ptr<port::Network> network_ = port::linux_host::make_network();
    std::unique_ptr<port::Loops> loops_ = port::linux_host::make_loops();
};

} // namespace

Result<std::unique_ptr<Port_set>> open_xen_ports() {
    XVM_TRY_LET(auto domains, port::xen::open_domains());
    XVM_TRY_LET(auto store, port::xen::open_store());
    XVM_TRY_LET(auto direct, port::xen::open_direct());
    XVM_TRY_LET(auto grants, port::xen::open_grants());
    XVM_TRY_LET(auto events, port::xen::open_events());
    return std::make_unique<Xen_ports>(std::move(domains), std::move(store), std::move(direct),
                                       std::move(grants), std::move(events));
}

Result<Channel_ports> open_xen_channel_ports() {
    Channel_ports ports;
    XVM_TRY_LET(ports.grants, port::xen::open_grants());
    XVM_TRY_LET(ports.events, port::xen::open_events());
    return ports;
}

} // namespace xvm::xvmd
