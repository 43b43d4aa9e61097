// SPDX-License-Identifier: Apache-2.0
// Disks of our own backend: looked at, added to a guest, waited for, removed.
#include "toolstack/plan/images.hpp"
#include "toolstack/plan/nodes.hpp"
#include "toolstack/run/args.hpp"
#include "toolstack/run/inventory.hpp"
#include "toolstack/run/ops.hpp"
#include "toolstack/run/store_trees.hpp"
#include "toolstack/run/teardown.hpp"
#include "toolstack/run/wait.hpp"
#include "xenstore-schema/nodes.hpp"
#include "xenstore-schema/state_text.hpp"

#include <array>

namespace xvm::run {
namespace json = boost::json;
namespace {

Status check_disks(Work& work, const json::object& args) {
    XVM_TRY_LET(const auto disks, argument<std::vector<plan::Disk_config>>(args, "disks"));
    XVM_TRY(work.ports().block_backend());
    XVM_TRY_LET(const auto entries, list_domains(work.ports()));
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
    return write_nodes(work.ports().store, plan::disk_nodes(disk, domid), domid);
}

Status remove_disk(Work& work, const json::object& args) {
    XVM_TRY_LET(const auto disk, argument<plan::Disk_config>(args, "disk"));
    XVM_TRY_LET(const bool reused, work.number_is_reused());
    if (reused || !work.known_domid()) return {};
    const Domid domid = *work.known_domid();
    const std::uint32_t devid = disk.devid;
    XVM_TRY(close_disks(work.ports(), domid, std::span(&devid, 1)));
    const Status closed = await_closed(work.ports(), domid, std::span(&devid, 1));
    // A backend that does not let go is told by its directory's end.
    XVM_TRY(remove_disk_trees(work.ports().store, domid, devid));
    return closed;
}

Status await_disk(Work& work, const json::object& args) {
    namespace backend = schema::xvbd::backend;
    XVM_TRY_LET(const auto disk, argument<plan::Disk_config>(args, "disk"));
    XVM_TRY_LET(const Domid domid, work.domid());
    Ports& ports = work.ports();
    const std::string dir = backend::dir(domid, disk.devid);
    const std::string offered = schema::text_of(schema::Device_state::init_wait);
    std::string refusal;
    const auto answered = [&]() -> Result<bool> {
        XVM_TRY_LET(const auto error, read_if_there(ports.store, schema::path(dir, backend::error)));
        refusal = error.value_or("");
        if (!refusal.empty()) return true;
        XVM_TRY_LET(const auto state, read_if_there(ports.store, schema::path(dir, backend::state)));
        return state == offered;
    };
    XVM_TRY_LET(const bool in_time, wait_until(ports.store, dir, ports.patience.backend, answered));
    const std::string what = "disk " + disk.dev;
    if (!refusal.empty()) return fail(Fault::failed, what, "refused by xvm-blkd: " + refusal, {});
    if (in_time) return {};
    return fail(Fault::timeout, what, "xvm-blkd did not offer it in time",
                "see its log: journalctl -u xvm-blkd");
}

} // namespace

std::span<const Op> disk_ops() noexcept {
    static constexpr std::array<Op, 3> ops{{
        {"check-disks", check_disks, nullptr},
        {"add-disk", add_disk, remove_disk},
        {"await-disk", await_disk, nullptr},
    }};
    return ops;
}

} // namespace xvm::run
