// SPDX-License-Identifier: Apache-2.0
// What happens to a guest that is there: paused, renamed, asked to stop, ended.
#include "toolstack/run/args.hpp"
#include "toolstack/run/device_args.hpp"
#include "toolstack/run/ops.hpp"
#include "toolstack/run/store_trees.hpp"
#include "toolstack/run/teardown.hpp"
#include "toolstack/run/traces.hpp"
#include "toolstack/run/wait.hpp"
#include "xenstore-schema/nodes.hpp"

#include <array>

namespace xvm::run {
namespace json = boost::json;
namespace {

namespace home = schema::domain::home;
namespace own = schema::own::domain;

/// What is not there any more has nothing left to do.
Status if_alive(Work& work, Status (*action)(Work&, Domid)) {
    XVM_TRY_LET(const bool alive, work.alive());
    return alive ? action(work, *work.known_domid()) : Status{};
}

Status pause(Work& work, const json::object&) {
    XVM_TRY_LET(const Domid domid, work.domid());
    return work.ports().domains.pause(domid);
}

Status unpause(Work& work, const json::object&) {
    XVM_TRY_LET(const Domid domid, work.domid());
    return work.ports().domains.unpause(domid);
}

Status write_name(port::Store& store, const Domain_id& id, const std::string& name, port::Txn txn) {
    XVM_TRY(store.write(schema::path(own::dir(id.domid), own::name), name, txn));
    XVM_TRY(store.write(schema::path(home::dir(id.domid), home::name), name, txn));
    return store.write(schema::path(schema::domain::vm::dir(id.uuid), schema::domain::vm::name), name, txn);
}

Status set_name(Work& work, const std::string& name) {
    XVM_TRY_LET(const Domain_id id, work.id());
    port::Store& store = work.ports().store;
    const Status written =
        port::transact(store, [&](port::Txn txn) { return write_name(store, id, name, txn); });
    XVM_TRY(written);
    auto record = work.ports().book.by_uuid(id.uuid);
    if (!record) return {};
    record->guest.name = name;
    return work.ports().book.keep(*record);
}

Status rename(Work& work, const json::object& args) {
    XVM_TRY_LET(const auto name, argument<std::string>(args, "to"));
    return set_name(work, name);
}

Status rename_back(Work& work, const json::object& args) {
    XVM_TRY_LET(const auto name, argument<std::string>(args, "from"));
    return set_name(work, name);
}

Status ask_stop(Work& work, const json::object& args) {
    XVM_TRY_LET(const auto how, argument<std::string>(args, "how"));
    XVM_TRY_LET(const Domid domid, work.domid());
    return work.ports().store.write(schema::path(home::dir(domid), home::control_shutdown), how);
}

Status take_back_stop(Work& work, const json::object&) {
    return if_alive(work, [](Work& w, Domid domid) {
        return w.ports().store.write(schema::path(home::dir(domid), home::control_shutdown), "");
    });
}

Status await_stop(Work& work, const json::object& args) {
    XVM_TRY_LET(const auto limit_ms, argument<std::int64_t>(args, "limit_ms"));
    XVM_TRY_LET(const auto how, argument<std::string>(args, "how"));
    bool crashed = false;
    const auto stopped = [&]() -> Result<bool> {
        XVM_TRY_LET(const auto infos, work.ports().domains.list());
        for (const port::Domain_info& info : infos)
            if (info.id.uuid == work.uuid()) {
                constexpr unsigned crash = 3; // Xen's SHUTDOWN_crash
                crashed = info.shut_down && info.shutdown_reason == crash;
                return info.shut_down || info.dying;
            }
        return true; // somebody ended it altogether
    };
    XVM_TRY_LET(const bool in_time, wait_until(work.ports().store, "@releaseDomain",
                                               std::chrono::milliseconds(limit_ms), stopped, work.go_on));
    if (crashed)
        return fail(Fault::failed, work.object(), "crashed while it was to stop", "see 'xvm console'");
    if (in_time) return {};
    const std::string seconds = std::to_string(limit_ms / 1000) + " s";
    return fail(Fault::timeout, work.object(), "did not " + how + " within " + seconds,
                "wait longer with --timeout, or end it: xvm destroy " + work.name());
}

Status mark_restart(Work& work, const json::object&) {
    auto record = work.ports().book.by_uuid(work.uuid());
    if (!record)
        return fail(Fault::failed, work.object(), "its configuration is not known any more",
                    "start it again with 'xvm create'");
    record->restarting = true;
    return work.ports().book.keep(*record);
}

Status close_devices(Work& work, const json::object&) {
    XVM_TRY_LET(const auto domid, number_of_nodes(work));
    if (!domid) return {};
    XVM_TRY_LET(const auto devices, guest_devices(work.ports().store, *domid));
    return close_devices(work.ports(), *domid, devices);
}

Status kill_domain(Work& work, const json::object&) {
    return if_alive(work, [](Work& w, Domid domid) { return w.ports().domains.destroy(domid); });
}

Status await_devices_closed(Work& work, const json::object&) {
    XVM_TRY_LET(const auto domid, number_of_nodes(work));
    if (!domid) return {};
    XVM_TRY_LET(const auto devices, guest_devices(work.ports().store, *domid));
    const Status closed = await_closed(work.ports(), *domid, devices);
    // A loop device that is still open goes when it is closed.
    XVM_TRY(release_loops(work.ports(), {*domid, work.uuid()}));
    return closed;
}

Status release_store(Work& work, const json::object&) {
    XVM_TRY_LET(const auto domid, number_of_nodes(work));
    if (domid) work.ports().store.release(*domid);
    return {};
}

Status await_end(Work& work, const json::object&) {
    XVM_TRY_LET(const bool alive, work.alive());
    if (!alive) return {};
    return end_domain(work.ports(), {*work.known_domid(), work.uuid()});
}

Status remove_traces(Work& work, const json::object&) {
    XVM_TRY(remove_guest_traces(work));
    return remove_own_traces(work);
}

} // namespace

std::span<const Op> life_ops() noexcept {
    static constexpr std::array<Op, 12> ops{{
        {"pause", pause, unpause},
        {"unpause", unpause, pause},
        {"rename", rename, rename_back},
        {"ask-stop", ask_stop, take_back_stop},
        {"await-stop", await_stop, nullptr},
        {"mark-restart", mark_restart, nullptr},
        {"close-devices", close_devices, nullptr},
        {"kill-domain", kill_domain, nullptr},
        {"await-closed", await_devices_closed, nullptr},
        {"release-store", release_store, nullptr},
        {"await-end", await_end, nullptr},
        {"remove-traces", remove_traces, nullptr},
    }};
    return ops;
}

} // namespace xvm::run
