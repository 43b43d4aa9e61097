// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/linux/network.hpp"

#include "libvmshare/base/scope_guard.hpp"

#include <net/if.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>

namespace xvm::port::linux_host {
namespace {

struct Free {
    void operator()(nl_sock* socket) const noexcept { nl_socket_free(socket); }
    void operator()(rtnl_link* link) const noexcept { rtnl_link_put(link); }
};
using Socket = std::unique_ptr<nl_sock, Free>;
using Link = std::unique_ptr<rtnl_link, Free>;

Fault fault_of(int error) {
    switch (error < 0 ? -error : error) {
    case NLE_NODEV:
    case NLE_OBJ_NOTFOUND:
        return Fault::not_found;
    case NLE_PERM:
    case NLE_NOACCESS:
        return Fault::denied;
    case NLE_BUSY:
    case NLE_EXIST:
        return Fault::busy;
    case NLE_NOMEM:
        return Fault::exhausted;
    default:
        return Fault::failed;
    }
}

tl::unexpected<Error> refused(int error, std::string object, const std::string& operation) {
    return fail(fault_of(error), std::move(object), operation + ": " + nl_geterror(error));
}

std::string interface_text(const std::string& name) {
    return "interface '" + name + "'";
}

class Netlink final : public Network {
  public:
    Status check_bridge(const std::string& bridge) override {
        const Scope_guard close([this] { socket_.reset(); });
        XVM_TRY_LET(const Link link, get(bridge));
        if (!link)
            return fail(Fault::not_found, "bridge '" + bridge + "'", "there is none of that name",
                        "make it: ip link add " + bridge + " type bridge, ip link set " + bridge + " up");
        const char* type = rtnl_link_get_type(link.get());
        if (type == nullptr || std::string_view(type) != "bridge")
            return fail(Fault::usage, "bridge '" + bridge + "'", "is an interface, but no bridge",
                        "'ip link show type bridge' lists those there are");
        return {};
    }

    Status join(const std::string& interface, const std::string& bridge) override {
        XVM_TRY(check_bridge(bridge));
        const Scope_guard close([this] { socket_.reset(); });
        XVM_TRY_LET(const Link master, get(bridge));
        XVM_TRY_LET(const Link link, get(interface));
        if (!link || !master)
            return fail(Fault::not_found, interface_text(link ? bridge : interface), "is not there");
        const Link change(rtnl_link_alloc());
        if (!change) return refused(NLE_NOMEM, interface_text(interface), "change");
        rtnl_link_set_master(change.get(), rtnl_link_get_ifindex(master.get()));
        rtnl_link_set_flags(change.get(), IFF_UP);
        const int error = rtnl_link_change(socket_.get(), link.get(), change.get(), 0);
        if (error < 0)
            return refused(error, interface_text(interface), "cannot join bridge '" + bridge + "'");
        return {};
    }

    Result<std::optional<Interface_info>> look_up(const std::string& interface) override {
        const Scope_guard close([this] { socket_.reset(); });
        XVM_TRY_LET(const Link link, get(interface));
        if (!link) return std::optional<Interface_info>{};
        const auto count = [&](rtnl_link_stat_id_t id) { return rtnl_link_get_stat(link.get(), id); };
        Interface_info info;
        info.up = (rtnl_link_get_flags(link.get()) & IFF_UP) != 0;
        info.received_bytes = count(RTNL_LINK_RX_BYTES);
        info.received_packets = count(RTNL_LINK_RX_PACKETS);
        info.sent_bytes = count(RTNL_LINK_TX_BYTES);
        info.sent_packets = count(RTNL_LINK_TX_PACKETS);
        info.dropped = count(RTNL_LINK_RX_DROPPED) + count(RTNL_LINK_TX_DROPPED);
        if (const int master = rtnl_link_get_master(link.get()); master != 0) {
            XVM_TRY_LET(const Link bridge, get_by(master, nullptr, "interface " + std::to_string(master)));
            if (bridge) info.bridge = rtnl_link_get_name(bridge.get());
        }
        return std::optional<Interface_info>(std::move(info));
    }

  private:
    /// Null: there is none of that name.
    Result<Link> get(const std::string& name) {
        if (name.empty() || name.size() >= IFNAMSIZ) return Link{}; // no interface can be called so
        return get_by(0, name.c_str(), interface_text(name));
    }

    Result<Link> get_by(int index, const char* name, std::string object) {
        XVM_TRY(open());
        rtnl_link* found = nullptr;
        const int error = rtnl_link_get_kernel(socket_.get(), index, name, &found);
        if (error < 0 && fault_of(error) == Fault::not_found) return Link{};
        if (error < 0) return refused(error, std::move(object), "cannot look at it");
        return Link(found);
    }

    Status open() {
        if (socket_) return {};
        Socket socket(nl_socket_alloc());
        if (!socket) return refused(NLE_NOMEM, "netlink", "open");
        if (const int error = nl_connect(socket.get(), NETLINK_ROUTE); error < 0)
            return refused(error, "netlink", "connect");
        socket_ = std::move(socket);
        return {};
    }

    Socket socket_;
};

} // namespace

std::unique_ptr<Network> make_network() {
    return std::make_unique<Netlink>();
}

} // namespace xvm::port::linux_host
