// SPDX-License-Identifier: Apache-2.0
// Disks: looked at, added to a guest, waited for, removed, made larger. What is special to those of the
// kernel's backend is in ops_blkback.cpp.
#include "libvmshare/base/file.hpp"
#include "toolstack/plan/images.hpp"
#include "toolstack/plan/nodes.hpp"
#include "toolstack/run/args.hpp"
#include "toolstack/run/blkback.hpp"
#include "toolstack/run/device_args.hpp"
#include "toolstack/run/inventory.hpp"
#include "toolstack/run/ops.hpp"
#include "toolstack/run/store_trees.hpp"
#include "toolstack/run/teardown.hpp"
#include "toolstack/run/wait.hpp"
#include "xenstore-schema/nodes.hpp"
#include "xenstore-schema/state_text.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace xvm::run {
namespace json = boost::json;
namespace {

constexpr std::uint64_t sector_bytes = 512;

Status check_disks(Work& work, const json::object& args) {
    XVM_TRY_LET(const auto disks, argument<std::vector<plan::Disk_config>>(args, "disks"));
    const auto by_xvm = [](const plan::Disk_config& disk) { return disk.backend == plan::Disk_backend::xvm; };
    if (std::any_of(disks.begin(), disks.end(), by_xvm)) XVM_TRY(work.ports().block_backend());
    XVM_TRY_LET(const auto entries, list_domains(work.ports(), Sight::records));
    for (const plan::Disk_config& disk : disks) {
        for (const Domain_entry& entry : entries)
            for (const Disk_entry& other : entry.disks)
                if (entry.life != Life::stale && other.path == disk.path &&
                    (disk.writable || other.mode == "w"))
                    return fail(Fault::busy, "disk " + disk.dev + ": " + disk.path,
                                "is disk " + other.dev + " of domain '" + entry.name + "' already",
                                "a file that is written serves one guest only: give each its own");
        XVM_TRY(plan::check_disk(disk));
    }
    return {};
}

Status add_disk(Work& work, const json::object& args) {
    XVM_TRY_LET(const auto disk, argument<plan::Disk_config>(args, "disk"));
    XVM_TRY_LET(const Domid domid, work.domid());
    if (disk.backend == plan::Disk_backend::blkback) return add_kernel_disk(work, disk, domid);
    return put_nodes(work.ports().store, plan::disk_nodes(disk, domid), domid);
}

Status remove_disk(Work& work, const json::object& args) {
    XVM_TRY_LET(const auto disk, argument<plan::Disk_config>(args, "disk"));
    XVM_TRY_LET(const auto domid, number_of_nodes(work));
    if (!domid) return {};
    const plan::Device_ref device = plan::ref_of(disk);
    XVM_TRY(close_devices(work.ports(), *domid, std::span(&device, 1)));
    const Status closed = await_closed(work.ports(), *domid, std::span(&device, 1));
    // A backend that does not let go is told by its directory's end: for the kernel's that is the end.
    XVM_TRY(remove_device_trees(work.ports().store, *domid, device));
    return device.device_class == plan::Device_class::xvbd ? closed : Status{};
}

Status await_disk(Work& work, const json::object& args) {
    namespace backend = schema::xvbd::backend;
    XVM_TRY_LET(const auto disk, argument<plan::Disk_config>(args, "disk"));
    XVM_TRY_LET(const Domid domid, work.domid());
    if (disk.backend == plan::Disk_backend::blkback) return await_kernel_disk(work, disk, domid);
    Ports& ports = work.ports();
    const std::string dir = backend::dir(domid, disk.devid);
    std::string refusal;
    schema::Device_state now = schema::Device_state::unknown;
    // Both nodes come with the state.
    const std::vector<std::string> paths{schema::path(dir, backend::state),
                                         schema::path(dir, backend::error)};
    const auto answered = [&]() -> Result<bool> {
        XVM_TRY_LET(const auto values, ports.store.read_all(paths));
        now = values[0] ? schema::state_of(*values[0]) : schema::Device_state::unknown;
        refusal = values[1].value_or("");
        return !refusal.empty() || now != schema::Device_state::initialising;
    };
    XVM_TRY_LET(const bool in_time, wait_until(ports.store, paths[0], ports.patience.backend, answered));
    const std::string what = "disk " + disk.dev;
    if (!refusal.empty()) return fail(Fault::failed, what, "refused by xvm-blkd: " + refusal, {});
    // A guest that runs may have taken the offer already.
    if (now == schema::Device_state::init_wait || now == schema::Device_state::connected) return {};
    if (in_time)
        return fail(Fault::failed, what, "the guest's driver or xvm-blkd gave it up",
                    "see its log: journalctl -u xvm-blkd");
    return fail(Fault::timeout, what, "xvm-blkd did not offer it in time",
                "see its log: journalctl -u xvm-blkd");
}

// --- another size --------------------------------------------------------------------------------------

Status change_size(const std::string& path, std::uint64_t from, std::uint64_t to) {
    XVM_TRY_LET(const Unique_fd fd, open_file(path, O_RDWR));
    XVM_TRY_LET(const std::uint64_t bytes, size_of(fd.get(), path));
    if (bytes != from)
        return fail(Fault::busy, path, "has " + std::to_string(bytes) + " bytes by now", "try again");
    if (::ftruncate(fd.get(), static_cast<off_t>(to)) == 0) return {};
    return fail_errno(errno, path, "cannot change its size");
}

Status set_file_size(Work&, const json::object& args) {
    XVM_TRY_LET(const auto path, argument<std::string>(args, "path"));
    XVM_TRY_LET(const auto from, argument<std::uint64_t>(args, "from_bytes"));
    XVM_TRY_LET(const auto to, argument<std::uint64_t>(args, "to_bytes"));
    return change_size(path, from, to);
}

/// Ours looks at its file's size when `online` or `state` is written, be it with the same value.
Status touch(port::Store& store, Domid domid, const plan::Device_ref& device) {
    const std::string dir = plan::backend_dir(device, domid);
    return port::transact(store, [&](port::Txn txn) -> Status {
        const auto online = store.read(schema::path(dir, schema::xvbd::backend::online), txn);
        if (!online && online.error().fault == Fault::not_found) return {};
        if (!online) return tl::unexpected<Error>(online.error());
        return store.write(schema::path(dir, schema::xvbd::backend::online), *online, txn);
    });
}

Status set_file_size_back(Work& work, const json::object& args) {
    XVM_TRY_LET(const auto path, argument<std::string>(args, "path"));
    XVM_TRY_LET(const auto from, argument<std::uint64_t>(args, "from_bytes"));
    XVM_TRY_LET(const auto to, argument<std::uint64_t>(args, "to_bytes"));
    XVM_TRY_LET(const Device_args about, device_args(args));
    const Status changed = change_size(path, to, from);
    if (!changed && changed.error().fault != Fault::busy) return changed;
    XVM_TRY_LET(const auto domid, number_of_nodes(work));
    if (!domid || about.device.device_class != plan::Device_class::xvbd) return {};
    return touch(work.ports().store, *domid, about.device);
}

Status tell_size(Work& work, const json::object& args) {
    namespace backend = schema::xvbd::backend;
    XVM_TRY_LET(const Device_args about, device_args(args));
    XVM_TRY_LET(const auto bytes, argument<std::uint64_t>(args, "bytes"));
    XVM_TRY_LET(const Domid domid, work.domid());
    if (about.device.device_class != plan::Device_class::xvbd) return tell_kernel_size(work, about.device);
    Ports& ports = work.ports();
    XVM_TRY(ports.block_backend());
    XVM_TRY_LET(const Sides sides, sides_of(ports.store, domid, about.device));
    // One that is not connected yet takes up the size when it is.
    if (sides.backend != schema::Device_state::connected) return {};
    XVM_TRY(touch(ports.store, domid, about.device));
    const std::string dir = plan::backend_dir(about.device, domid);
    const std::string wanted = std::to_string(bytes / sector_bytes);
    const auto told = [&]() -> Result<bool> {
        XVM_TRY_LET(const auto sectors, read_if_there(ports.store, schema::path(dir, backend::sectors)));
        return sectors == wanted;
    };
    XVM_TRY_LET(const bool in_time, wait_until(ports.store, dir, ports.patience.backend, told, work.go_on));
    if (in_time) return {};
    return fail(Fault::timeout, about.name, "xvm-blkd did not take up its size in time",
                "see its log: journalctl -u xvm-blkd");
}

// --- in the book ---------------------------------------------------------------------------------------

Status keep_disk(Work& work, const json::object& args) {
    XVM_TRY_LET(const auto disk, argument<plan::Disk_config>(args, "disk"));
    auto record = work.ports().book.by_uuid(work.uuid());
    if (!record) return {};
    record->guest.disks.push_back(disk);
    return work.ports().book.keep(*record);
}

Status forget_disk(Work& work, const json::object& args) {
    XVM_TRY_LET(const auto disk, argument<plan::Disk_config>(args, "disk"));
    auto record = work.ports().book.by_uuid(work.uuid());
    if (!record) return {};
    std::erase_if(record->guest.disks,
                  [&](const plan::Disk_config& one) { return plan::ref_of(one) == plan::ref_of(disk); });
    return work.ports().book.keep(*record);
}

} // namespace

std::span<const Op> disk_ops() noexcept {
    static constexpr std::array<Op, 6> ops{{
        {"check-disks", check_disks, nullptr},
        {"add-disk", add_disk, remove_disk},
        {"await-disk", await_disk, nullptr},
        {"set-file-size", set_file_size, set_file_size_back},
        {"tell-size", tell_size, nullptr},
        {"keep-disk", keep_disk, forget_disk},
    }};
    return ops;
}

} // namespace xvm::run
