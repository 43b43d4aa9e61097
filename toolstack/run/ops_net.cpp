// SPDX-License-Identifier: Apache-2.0
// Network interfaces: dom0's netback on one side, the guest's netfront on the other, a bridge behind.
#include "toolstack/plan/nodes.hpp"
#include "toolstack/run/args.hpp"
#include "toolstack/run/device_args.hpp"
#include "toolstack/run/ops.hpp"
#include "toolstack/run/store_trees.hpp"
#include "toolstack/run/teardown.hpp"
#include "toolstack/run/wait.hpp"
#include "xenstore-schema/nodes.hpp"

#include <array>

namespace xvm::run {
namespace json = boost::json;
namespace {

using schema::Device_state;

std::string object_of(const plan::Net_config& net) {
    return "net " + std::to_string(net.devid);
}

Result<port::Network*> network_of(Work& work) {
    if (work.ports().network != nullptr) return work.ports().network;
    return fail(Fault::unreachable, "network", "this xvmd has no access to dom0's");
}

Status check_nets(Work& work, const json::object& args) {
    XVM_TRY_LET(const auto nets, argument<std::vector<plan::Net_config>>(args, "nets"));
    XVM_TRY_LET(port::Network* const network, network_of(work));
    const auto records = work.ports().book.all();
    for (const plan::Net_config& net : nets) {
        Status bridge = network->check_bridge(net.bridge);
        if (!bridge) {
            bridge.error().object = object_of(net) + ": " + bridge.error().object;
            return bridge;
        }
        for (const Guest_record& record : records)
            for (const plan::Net_config& other : record.guest.nets)
                if (other.mac == net.mac && !record.restarting)
                    return fail(Fault::busy, object_of(net) + ": " + net.mac,
                                "is the address of domain '" + record.guest.name + "' already",
                                "give each interface an address of its own");
    }
    return {};
}

Status add_net(Work& work, const json::object& args) {
    XVM_TRY_LET(const auto net, argument<plan::Net_config>(args, "net"));
    XVM_TRY_LET(const Domid domid, work.domid());
    return write_nodes(work.ports().store, plan::net_nodes(net, domid), domid);
}

Status remove_net(Work& work, const json::object& args) {
    XVM_TRY_LET(const auto net, argument<plan::Net_config>(args, "net"));
    XVM_TRY_LET(const auto domid, number_of_nodes(work));
    if (!domid) return {};
    const plan::Device_ref device = plan::ref_of(net);
    XVM_TRY(close_devices(work.ports(), *domid, std::span(&device, 1)));
    // A driver that does not let go is told by its directory's end: then the device is no more.
    static_cast<void>(await_closed(work.ports(), *domid, std::span(&device, 1)));
    return remove_device_trees(work.ports().store, *domid, device);
}

Status await_net(Work& work, const json::object& args) {
    XVM_TRY_LET(const auto net, argument<plan::Net_config>(args, "net"));
    XVM_TRY_LET(const Domid domid, work.domid());
    Ports& ports = work.ports();
    Sides sides;
    const auto taken = [&]() -> Result<bool> {
        XVM_TRY_LET(sides, sides_of(ports.store, domid, plan::ref_of(net)));
        return sides.backend != Device_state::initialising;
    };
    XVM_TRY_LET(const bool in_time, wait_until(ports.store, plan::backend_dir(plan::ref_of(net), domid),
                                               ports.patience.backend, taken, work.go_on));
    if (!in_time)
        return fail(Fault::timeout, object_of(net), "dom0's kernel did not take it in time",
                    "load its driver: modprobe xen-netback");
    if (sides.backend == Device_state::init_wait || sides.backend == Device_state::connected) return {};
    XVM_TRY_LET(const std::string why, complaint(ports.store, domid, plan::ref_of(net)));
    return fail(Fault::failed, object_of(net), "dom0's kernel gave it up" + (why.empty() ? why : ": " + why),
                "see its log: dmesg");
}

Status join_bridge(Work& work, const json::object& args) {
    namespace backend = schema::vif::backend;
    XVM_TRY_LET(const auto net, argument<plan::Net_config>(args, "net"));
    XVM_TRY_LET(const Domid domid, work.domid());
    XVM_TRY_LET(port::Network* const network, network_of(work));
    port::Store& store = work.ports().store;
    const std::string dir = plan::backend_dir(plan::ref_of(net), domid);
    const std::string interface = plan::interface_name(domid, net.devid);
    // The driver may tell of itself a moment before its interface is there.
    const auto there = [&]() -> Result<bool> {
        XVM_TRY_LET(const auto info, network->look_up(interface));
        return info.has_value();
    };
    XVM_TRY_LET(const bool in_time, wait_until(store, dir, work.ports().patience.backend, there, work.go_on));
    if (!in_time)
        return fail(Fault::timeout, object_of(net), "dom0's kernel made no interface " + interface,
                    "see its log: dmesg");
    XVM_TRY(network->join(interface, net.bridge));
    // Netback says that it is connected only when its interface is.
    return store.write(schema::path(dir, backend::hotplug_status), "connected");
}

Status keep_net(Work& work, const json::object& args) {
    XVM_TRY_LET(const auto net, argument<plan::Net_config>(args, "net"));
    auto record = work.ports().book.by_uuid(work.uuid());
    if (!record) return {};
    record->guest.nets.push_back(net);
    return work.ports().book.keep(*record);
}

Status forget_net(Work& work, const json::object& args) {
    XVM_TRY_LET(const auto net, argument<plan::Net_config>(args, "net"));
    auto record = work.ports().book.by_uuid(work.uuid());
    if (!record) return {};
    std::erase_if(record->guest.nets, [&](const plan::Net_config& one) { return one.devid == net.devid; });
    return work.ports().book.keep(*record);
}

} // namespace

std::span<const Op> net_ops() noexcept {
    static constexpr std::array<Op, 5> ops{{
        {"check-nets", check_nets, nullptr},
        {"add-net", add_net, remove_net},
        {"await-net", await_net, nullptr},
        {"join-bridge", join_bridge, nullptr},
        {"keep-net", keep_net, forget_net},
    }};
    return ops;
}

} // namespace xvm::run
