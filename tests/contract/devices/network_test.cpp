// SPDX-License-Identifier: Apache-2.0
// What port::Network promises, on the hosted port and on this machine's kernel, in a network of its own.
#include "libvmshare/port/hosted/devices.hpp"
#include "libvmshare/port/linux/network.hpp"

#include <catch2/catch.hpp>
#include <functional>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <sched.h>
#include <thread>

using namespace xvm;

namespace {

/// A network with the bridge "br-xvm" and the interface "vif7.0", which is down.
struct World {
    std::unique_ptr<port::Network> network;
    std::function<void()> remove_interface;
};

void add_link(const char* name, const char* type) {
    nl_sock* socket = nl_socket_alloc();
    REQUIRE(nl_connect(socket, NETLINK_ROUTE) == 0);
    rtnl_link* link = rtnl_link_alloc();
    rtnl_link_set_name(link, name);
    rtnl_link_set_type(link, type);
    REQUIRE(rtnl_link_add(socket, link, NLM_F_CREATE | NLM_F_EXCL) == 0);
    rtnl_link_put(link);
    nl_socket_free(socket);
}

void remove_link(const char* name) {
    nl_sock* socket = nl_socket_alloc();
    REQUIRE(nl_connect(socket, NETLINK_ROUTE) == 0);
    rtnl_link* link = rtnl_link_alloc();
    rtnl_link_set_name(link, name);
    REQUIRE(rtnl_link_delete(socket, link) == 0);
    rtnl_link_put(link);
    nl_socket_free(socket);
}

void keeps_the_contract(World world) {
    port::Network& network = *world.network;
    CHECK(network.check_bridge("br-xvm"));
    CHECK(network.check_bridge("br-none").error().fault == Fault::not_found);
    CHECK(network.check_bridge("vif7.0").error().fault == Fault::usage);
    CHECK(network.check_bridge("").error().fault == Fault::not_found);
    CHECK(network.check_bridge("longer-than-any-interface").error().fault == Fault::not_found);

    CHECK_FALSE(network.look_up("vif7.1").value().has_value());
    const auto before = network.look_up("vif7.0").value();
    REQUIRE(before);
    CHECK_FALSE(before->up);
    CHECK(before->bridge.empty());

    // Refused: nothing has changed.
    CHECK(network.join("vif7.1", "br-xvm").error().fault == Fault::not_found);
    CHECK(network.join("vif7.0", "br-none").error().fault == Fault::not_found);
    CHECK(network.look_up("vif7.0").value()->bridge.empty());

    for (int again = 0; again < 2; ++again) {
        REQUIRE(network.join("vif7.0", "br-xvm"));
        const auto joined = network.look_up("vif7.0").value();
        REQUIRE(joined);
        CHECK(joined->up);
        CHECK(joined->bridge == "br-xvm");
    }
    world.remove_interface();
    CHECK_FALSE(network.look_up("vif7.0").value().has_value());
    CHECK(network.join("vif7.0", "br-xvm").error().fault == Fault::not_found);
}

} // namespace

TEST_CASE("The hosted network keeps its contract", "[network]") {
    auto ledger = std::make_unique<port::hosted::Network_ledger>();
    ledger->add_bridge("br-xvm");
    ledger->add_interface("vif7.0");
    port::hosted::Network_ledger& records = *ledger;
    keeps_the_contract({std::move(ledger), [&records] { records.remove_interface("vif7.0"); }});
}

TEST_CASE("This machine's network keeps its contract", "[network]") {
    // A thread may leave for a network namespace of its own, if the machine lets it.
    std::thread([] {
        if (::unshare(CLONE_NEWNET) != 0) {
            WARN("no network namespace to be had here: not tested");
            return;
        }
        add_link("br-xvm", "bridge");
        add_link("vif7.0", "veth");
        keeps_the_contract({port::linux_host::make_network(), [] { remove_link("vif7.0"); }});
    }).join();
}
