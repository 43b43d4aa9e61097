// SPDX-License-Identifier: Apache-2.0
#include "toolstack/plan/plan_device.hpp"

#include "toolstack/plan/config_json.hpp"

#include <boost/json/array.hpp>

namespace xvm::plan {
namespace json = boost::json;
namespace {

std::string disk_name(const Disk_config& disk) {
    return "disk " + disk.dev;
}

std::string net_name(const Net_config& net) {
    return "net-" + std::to_string(net.devid);
}

json::object disk_args(const Disk_config& disk) {
    return {{"disk", to_object(disk)}};
}

json::object net_args(const Net_config& net) {
    return {{"net", to_object(net)}};
}

json::object device_args(const Device_ref& device, const std::string& name) {
    return {{"class", name_of(device.device_class)}, {"devid", device.devid}, {"name", name}};
}

void add_loop(Plan& plan, const Disk_config& disk) {
    if (disk.backend == Disk_backend::blkback)
        plan.add("add-loop", "add-loop-" + disk.dev, "remove-loop-" + disk.dev, disk_args(disk));
}

void add_disk(Plan& plan, const Disk_config& disk) {
    plan.add("add-disk", "add-disk-" + disk.dev, "remove-disk-" + disk.dev, disk_args(disk));
}

void add_net(Plan& plan, const Net_config& net) {
    plan.add("add-net", "add-" + net_name(net), "remove-" + net_name(net), net_args(net));
}

void await_disk(Plan& plan, const Disk_config& disk) {
    plan.add("await-disk", "await-disk-" + disk.dev, {}, disk_args(disk));
}

void await_net(Plan& plan, const Net_config& net) {
    plan.add("await-net", "await-" + net_name(net), {}, net_args(net));
    plan.add("join-bridge", "join-bridge-" + std::to_string(net.devid), {}, net_args(net));
}

void await_guest(Plan& plan, const Device_ref& device, const std::string& name,
                 const Attach_options& options) {
    if (!options.await_guest) return;
    json::object args = device_args(device, name);
    args["limit_ms"] = options.limit.count();
    plan.add("await-guest", "await-guest", {}, std::move(args));
}

} // namespace

void add_device_checks(Plan& plan, const Guest_config& guest) {
    if (!guest.disks.empty())
        plan.add("check-disks", "check-disks", {}, {{"disks", to_object(guest).at("disks")}});
    if (!guest.nets.empty())
        plan.add("check-nets", "check-nets", {}, {{"nets", to_object(guest).at("nets")}});
}

void add_devices(Plan& plan, const Guest_config& guest) {
    for (const Disk_config& disk : guest.disks) {
        add_loop(plan, disk);
        add_disk(plan, disk);
    }
    for (const Net_config& net : guest.nets)
        add_net(plan, net);
    // Backends open their images side by side.
    for (const Disk_config& disk : guest.disks)
        await_disk(plan, disk);
    for (const Net_config& net : guest.nets)
        await_net(plan, net);
}

Plan plan_attach_disk(const Guest_ref& guest, const Disk_config& disk, const Attach_options& options) {
    Plan plan{"disk attach", guest.name, guest.id.uuid, never, {}};
    plan.add("check-slot", "check-slot", {}, device_args(ref_of(disk), disk_name(disk)));
    plan.add("check-disks", "check-disks", {}, {{"disks", json::array{to_object(disk)}}});
    add_loop(plan, disk);
    add_disk(plan, disk);
    await_disk(plan, disk);
    await_guest(plan, ref_of(disk), disk_name(disk), options);
    plan.add("keep-disk", "keep-disk", "forget-disk", disk_args(disk));
    return plan;
}

Plan plan_attach_net(const Guest_ref& guest, const Net_config& net, const Attach_options& options) {
    Plan plan{"net attach", guest.name, guest.id.uuid, never, {}};
    const std::string name = "net " + std::to_string(net.devid);
    plan.add("check-slot", "check-slot", {}, device_args(ref_of(net), name));
    plan.add("check-nets", "check-nets", {}, {{"nets", json::array{to_object(net)}}});
    add_net(plan, net);
    await_net(plan, net);
    await_guest(plan, ref_of(net), name, options);
    plan.add("keep-net", "keep-net", "forget-net", net_args(net));
    return plan;
}

Plan plan_detach(const Guest_ref& guest, const Device_ref& device, const std::string& name,
                 const Detach_options& options) {
    const bool is_net = device.device_class == Device_class::vif;
    Plan plan{is_net ? "net detach" : "disk detach", guest.name, guest.id.uuid, never, {}};
    const json::object args = device_args(device, name);
    json::object timed = args;
    timed["limit_ms"] = options.limit.count();
    plan.add("check-device", "check-device", {}, args);
    if (!options.force) plan.add("ask-detach", "ask-detach", "take-back-detach", timed);
    plan.commit_here();
    plan.add("close-device", "close-device", {}, timed);
    plan.add("remove-device", "remove-device", {}, args);
    plan.add("forget-device", "forget-device", {}, args);
    return plan;
}

Plan plan_resize_disk(const Guest_ref& guest, const Disk_config& disk, std::uint64_t from_bytes,
                      std::uint64_t to_bytes) {
    Plan plan{"disk resize", guest.name, guest.id.uuid, never, {}};
    plan.add("check-device", "check-device", {}, device_args(ref_of(disk), disk_name(disk)));
    json::object args = device_args(ref_of(disk), disk_name(disk));
    if (from_bytes != to_bytes) {
        json::object sizes = args;
        sizes["path"] = disk.path;
        sizes["from_bytes"] = from_bytes;
        sizes["to_bytes"] = to_bytes;
        plan.add("set-file-size", "set-file-size", "set-file-size-back", std::move(sizes));
    }
    args["bytes"] = to_bytes;
    plan.add("tell-size", "tell-size", {}, std::move(args));
    return plan;
}

} // namespace xvm::plan
