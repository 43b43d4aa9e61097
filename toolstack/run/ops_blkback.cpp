// SPDX-License-Identifier: Apache-2.0
// Disks of the kernel's backend: it wants block devices, so files become loop devices.
#include "toolstack/plan/nodes.hpp"
#include "toolstack/run/args.hpp"
#include "toolstack/run/blkback.hpp"
#include "toolstack/run/device_args.hpp"
#include "toolstack/run/ops.hpp"
#include "toolstack/run/store_trees.hpp"
#include "toolstack/run/wait.hpp"

#include <array>

namespace xvm::run {
namespace json = boost::json;
namespace {

using schema::Device_state;

Result<port::Loops*> loops_of(Work& work) {
    if (work.ports().loops != nullptr) return work.ports().loops;
    return fail(Fault::unreachable, "loop devices", "this xvmd has no access to dom0's");
}

/// The block device to serve, made of the file if it is one.
Result<port::Block_device> device_of(Work& work, const plan::Disk_config& disk, bool& made) {
    XVM_TRY_LET(port::Loops* const loops, loops_of(work));
    auto device = loops->device_at(disk.path);
    made = !device && device.error().fault == Fault::usage;
    if (made) return loops->attach(disk.path, disk.writable, plan::loop_label(work.uuid(), disk.devid));
    return device;
}

Status add_loop(Work& work, const json::object& args) {
    XVM_TRY_LET(const auto disk, argument<plan::Disk_config>(args, "disk"));
    bool made = false;
    const auto device = device_of(work, disk, made);
    if (device) return {};
    Error error = device.error();
    error.object = "disk " + disk.dev + ": " + error.object;
    return tl::unexpected<Error>(std::move(error));
}

Status remove_loop(Work& work, const json::object& args) {
    XVM_TRY_LET(const auto disk, argument<plan::Disk_config>(args, "disk"));
    XVM_TRY_LET(port::Loops* const loops, loops_of(work));
    return loops->detach(plan::loop_label(work.uuid(), disk.devid));
}

} // namespace

Status add_kernel_disk(Work& work, const plan::Disk_config& disk, Domid domid) {
    bool made = false;
    // The loop device made before is found again.
    XVM_TRY_LET(const port::Block_device device, device_of(work, disk, made));
    const plan::Physical_device physical{device.hex(), made ? device.path : std::string{}};
    return write_nodes(work.ports().store, plan::kernel_disk_nodes(disk, physical, domid), domid);
}

Status await_kernel_disk(Work& work, const plan::Disk_config& disk, Domid domid) {
    Ports& ports = work.ports();
    const plan::Device_ref device = plan::ref_of(disk);
    Sides sides;
    const auto taken = [&]() -> Result<bool> {
        XVM_TRY_LET(sides, sides_of(ports.store, domid, device));
        return sides.backend != Device_state::initialising;
    };
    XVM_TRY_LET(const bool in_time, wait_until(ports.store, plan::backend_dir(device, domid),
                                               ports.patience.backend, taken, work.go_on));
    const std::string object = "disk " + disk.dev;
    if (!in_time)
        return fail(Fault::timeout, object, "dom0's kernel did not take it in time",
                    "load its driver: modprobe xen-blkback");
    if (sides.backend == Device_state::init_wait || sides.backend == Device_state::connected) return {};
    XVM_TRY_LET(const std::string why, complaint(ports.store, domid, device));
    return fail(Fault::failed, object, "dom0's kernel gave it up" + (why.empty() ? why : ": " + why),
                "see its log: dmesg");
}

Status tell_kernel_size(Work& work, const plan::Device_ref& device) {
    XVM_TRY_LET(port::Loops* const loops, loops_of(work));
    const Status told = loops->resize(plan::loop_label(work.uuid(), device.devid));
    // A block device without a loop knows its size.
    return !told && told.error().fault == Fault::not_found ? Status{} : told;
}

std::span<const Op> blkback_ops() noexcept {
    static constexpr std::array<Op, 1> ops{{{"add-loop", add_loop, remove_loop}}};
    return ops;
}

} // namespace xvm::run
