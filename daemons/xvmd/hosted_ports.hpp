// SPDX-License-Identifier: Apache-2.0
// A make-believe machine: a ledger of domains and a store, in this process. For tests of everything above
// the ports, on any machine.
// Invariant: the hosted store's domains are those of the ledger.
#pragma once

#include "daemons/xvmd/port_set.hpp"
#include "libvmshare/port/hosted/devices.hpp"
#include "libvmshare/port/hosted/direct.hpp"
#include "libvmshare/port/hosted/domains.hpp"
#include "libvmshare/port/hosted/host.hpp"

#include <boost/json/value.hpp>
#include <mutex>

namespace xvm::xvmd {

class Hosted_machine : public std::enable_shared_from_this<Hosted_machine> {
  public:
    [[nodiscard]] static std::shared_ptr<Hosted_machine> make();

    /// The machine lives as long as any of its Port_sets.
    [[nodiscard]] Result<std::unique_ptr<Port_set>> open();

    /// Everything that a guest takes: domains, free memory, store. Equal before and after, or something
    /// leaked.
    [[nodiscard]] boost::json::value ledger();

    [[nodiscard]] const std::shared_ptr<port::hosted::Host>& host() const noexcept { return host_; }
    /// The domains' part, for tests that play a guest. Guarded by nothing: one thread.
    [[nodiscard]] port::hosted::Domain_ledger& domains() noexcept { return domains_; }
    /// Dom0's devices: it has the bridge "br0".
    [[nodiscard]] port::hosted::Network_ledger& network() noexcept { return network_; }
    [[nodiscard]] port::hosted::Loop_ledger& loops() noexcept { return loops_; }
    /// Physical ones: 0000:00:10.0.
    [[nodiscard]] port::hosted::Direct_ledger& direct() noexcept { return direct_; }

  private:
    friend class Hosted_domains;
    friend class Hosted_guests;
    Hosted_machine();

    std::mutex mutex_; ///< guards domains_
    port::hosted::Domain_ledger domains_;
    port::hosted::Network_ledger network_;
    port::hosted::Loop_ledger loops_;
    port::hosted::Direct_ledger direct_;
    std::shared_ptr<port::hosted::Host> host_;
};

} // namespace xvm::xvmd
