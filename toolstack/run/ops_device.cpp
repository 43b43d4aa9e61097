// SPDX-License-Identifier: Apache-2.0
// Devices of a guest that runs: taken by the guest, asked back, closed, removed.
#include "toolstack/run/args.hpp"
#include "toolstack/run/device_args.hpp"
#include "toolstack/run/ops.hpp"
#include "toolstack/run/store_trees.hpp"
#include "toolstack/run/teardown.hpp"
#include "toolstack/run/wait.hpp"
#include "xenstore-schema/nodes.hpp"
#include "xenstore-schema/state_text.hpp"

#include <algorithm>
#include <array>

namespace xvm::run {
namespace json = boost::json;
namespace {

using plan::Device_class;
using plan::Device_ref;
using schema::Device_state;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;
namespace backend = schema::xvbd::backend; // every class of device names `state` and `online` alike
namespace frontend = schema::xvbd::frontend;

/// A guest that said that it is busy is asked again after this.
constexpr milliseconds ask_again{300};

std::string_view guest_driver(Device_class device_class) {
    constexpr std::array<std::string_view, 3> drivers{"xvm_blkfront", "xen-blkfront", "xen-netfront"};
    return drivers[static_cast<std::size_t>(device_class)];
}

milliseconds left_until(Clock::time_point deadline) {
    return std::max(std::chrono::duration_cast<milliseconds>(deadline - Clock::now()), milliseconds::zero());
}

bool has_left(Device_state state) {
    return state == Device_state::unknown || state == Device_state::closing || state == Device_state::closed;
}

bool is_there(const Result<std::optional<std::string>>& node) {
    return node && node->has_value();
}

Status check_slot(Work& work, const json::object& args) {
    XVM_TRY_LET(const Device_args about, device_args(args));
    XVM_TRY_LET(const Domid domid, work.domid());
    // A disk's name is one, whoever serves it.
    const bool disk = about.device.device_class != Device_class::vif;
    const std::array classes{about.device.device_class, disk ? Device_class::xvbd : Device_class::vif,
                             disk ? Device_class::vbd : Device_class::vif};
    for (const Device_class device_class : classes) {
        const Device_ref other{device_class, about.device.devid};
        for (const std::string& dir : {plan::backend_dir(other, domid), plan::config_dir(other, domid)}) {
            const auto there = read_if_there(work.ports().store, dir);
            if (!there) return tl::unexpected<Error>(there.error());
            if (is_there(there))
                return fail(Fault::busy, about.name, work.object() + " has one of that name already",
                            "choose another name, or detach it first");
        }
    }
    return {};
}

Status check_device(Work& work, const json::object& args) {
    XVM_TRY_LET(const Device_args about, device_args(args));
    XVM_TRY_LET(const Domid domid, work.domid());
    XVM_TRY_LET(const auto there, read_if_there(work.ports().store, plan::config_dir(about.device, domid)));
    if (there) return {};
    return fail(Fault::not_found, about.name, work.object() + " has no such device",
                "see: xvm device list " + work.name());
}

Status await_guest(Work& work, const json::object& args) {
    XVM_TRY_LET(const Device_args about, device_args(args));
    XVM_TRY_LET(const milliseconds limit, limit_arg(args));
    XVM_TRY_LET(const Domid domid, work.domid());
    Ports& ports = work.ports();
    XVM_TRY_LET(const auto info, ports.domains.info(domid));
    if (info.paused) return {}; // it takes it when it runs again
    Sides sides;
    bool refused = false;
    const auto settled = [&]() -> Result<bool> {
        XVM_TRY_LET(sides, sides_of(ports.store, domid, about.device));
        refused = has_left(sides.backend) || has_left(sides.frontend);
        return refused ||
               (sides.backend == Device_state::connected && sides.frontend == Device_state::connected);
    };
    // Of ours the front end is the last to say that it is connected, of the kernel's it is the backend.
    const std::string watched = about.device.device_class == Device_class::xvbd
                                    ? plan::frontend_dir(about.device, domid)
                                    : plan::backend_dir(about.device, domid);
    XVM_TRY_LET(const bool in_time, wait_until(ports.store, watched, limit, settled, work.go_on));
    if (refused) {
        XVM_TRY_LET(const std::string why, complaint(ports.store, domid, about.device));
        if (!why.empty()) return fail(Fault::failed, about.name, "refused by its backend: " + why);
        return fail(Fault::failed, about.name, "the guest's driver or dom0's gave it up",
                    "see what the guest's kernel says: xvm console " + work.name());
    }
    if (in_time) return {};
    const std::string seconds = std::to_string(limit.count() / 1000) + " s";
    return fail(Fault::timeout, about.name, work.object() + " did not take it within " + seconds,
                sides.frontend == Device_state::initialising
                    ? "load the driver in the guest (" +
                          std::string(guest_driver(about.device.device_class)) + ")"
                    : "give it longer: --timeout");
}

// --- asked back ----------------------------------------------------------------------------------------

/// Asks the front end of ours: online is 0, and the state written once more makes it look.
Status ask_ours(port::Store& store, Domid domid, const Device_ref& device) {
    const std::string back = plan::backend_dir(device, domid);
    const std::string connected = schema::text_of(Device_state::connected);
    return port::transact(store, [&](port::Txn txn) -> Status {
        XVM_TRY_LET(const std::string state, store.read(schema::path(back, backend::state), txn));
        if (state != connected) return {};
        XVM_TRY(store.remove(schema::path(plan::frontend_dir(device, domid), frontend::busy), txn));
        XVM_TRY(store.write(schema::path(back, backend::online), "0", txn));
        return store.write(schema::path(back, backend::state), connected, txn);
    });
}

/// Stock front ends leave at once when the backend's state is closing.
Status ask_stock(port::Store& store, Domid domid, const Device_ref& device) {
    const std::string back = plan::backend_dir(device, domid);
    return port::transact(store, [&](port::Txn txn) -> Status {
        XVM_TRY_LET(const std::string state, store.read(schema::path(back, backend::state), txn));
        if (state == schema::text_of(Device_state::closed)) return {};
        XVM_TRY(store.write(schema::path(back, backend::online), "0", txn));
        return store.write(schema::path(back, backend::state), schema::text_of(Device_state::closing), txn);
    });
}

Status await_leave(Work& work, const Device_args& about, Domid domid, milliseconds limit) {
    port::Store& store = work.ports().store;
    const bool ours = about.device.device_class == Device_class::xvbd;
    const std::string front = plan::frontend_dir(about.device, domid);
    const Clock::time_point deadline = Clock::now() + limit;
    bool busy = false;
    bool left = false;
    const auto answered = [&]() -> Result<bool> {
        XVM_TRY_LET(const Sides sides, sides_of(store, domid, about.device));
        XVM_TRY_LET(const bool closed, is_closed(store, domid, about.device));
        left = closed || (ours && (has_left(sides.frontend) || sides.backend != Device_state::connected));
        if (left || !ours) return left;
        XVM_TRY_LET(const auto says, read_if_there(store, schema::path(front, frontend::busy)));
        busy = says.value_or("") == "1";
        return busy;
    };
    const auto never = []() -> Result<bool> { return false; };
    while (!left && left_until(deadline) > milliseconds::zero()) {
        if (ours) XVM_TRY(ask_ours(store, domid, about.device));
        XVM_TRY_LET(const bool answer, wait_until(store, front, left_until(deadline), answered, work.go_on));
        if (!answer || left) break;
        XVM_TRY_LET(const bool slept,
                    wait_until(store, front, std::min(ask_again, left_until(deadline)), never, work.go_on));
        static_cast<void>(slept);
    }
    if (left) return {};
    if (busy)
        return fail(Fault::busy, about.name, work.object() + " is using it",
                    "unmount it there first; or take it away all the same: --force");
    return fail(Fault::timeout, about.name,
                work.object() + " did not let go of it within " + std::to_string(limit.count() / 1000) + " s",
                "take it away all the same: --force");
}

Status ask_detach(Work& work, const json::object& args) {
    XVM_TRY_LET(const Device_args about, device_args(args));
    XVM_TRY_LET(const milliseconds limit, limit_arg(args));
    XVM_TRY_LET(const Domid domid, work.domid());
    const bool ours = about.device.device_class == Device_class::xvbd;
    // Without its backend the front end cannot finish what it has begun.
    if (ours) XVM_TRY(work.ports().block_backend());
    XVM_TRY_LET(const Sides sides, sides_of(work.ports().store, domid, about.device));
    // What the guest never took needs no leave.
    if (sides.backend != Device_state::connected || has_left(sides.frontend)) return {};
    if (!ours) XVM_TRY(ask_stock(work.ports().store, domid, about.device));
    return await_leave(work, about, domid, limit);
}

// --- gone ----------------------------------------------------------------------------------------------

Status close_device(Work& work, const json::object& args) {
    XVM_TRY_LET(const Device_args about, device_args(args));
    XVM_TRY_LET(const auto domid, number_of_nodes(work));
    if (!domid) return {};
    Ports& ports = work.ports();
    const auto closed = [&] { return is_closed(ports.store, *domid, about.device); };
    XVM_TRY_LET(const Sides sides, sides_of(ports.store, *domid, about.device));
    // A guest that has it is given the time to finish what it has begun.
    const bool in_use = sides.backend == Device_state::connected && sides.frontend == Device_state::connected;
    if (in_use) XVM_TRY(ask_stock(ports.store, *domid, about.device));
    if (in_use || has_left(sides.frontend)) {
        XVM_TRY_LET(const bool in_time, wait_until(ports.store, plan::backend_dir(about.device, *domid),
                                                   ports.patience.backend, closed));
        if (in_time) return {};
    }
    XVM_TRY(close_devices(ports, *domid, std::span(&about.device, 1)));
    return await_closed(ports, *domid, std::span(&about.device, 1));
}

Status remove_device(Work& work, const json::object& args) {
    XVM_TRY_LET(const Device_args about, device_args(args));
    XVM_TRY_LET(const auto domid, number_of_nodes(work));
    if (domid) XVM_TRY(remove_device_trees(work.ports().store, *domid, about.device));
    if (about.device.device_class != Device_class::vbd || work.ports().loops == nullptr) return {};
    return work.ports().loops->detach(plan::loop_label(work.uuid(), about.device.devid));
}

Status forget_device(Work& work, const json::object& args) {
    XVM_TRY_LET(const Device_args about, device_args(args));
    auto record = work.ports().book.by_uuid(work.uuid());
    if (!record) return {};
    std::erase_if(record->guest.disks,
                  [&](const plan::Disk_config& disk) { return plan::ref_of(disk) == about.device; });
    std::erase_if(record->guest.nets,
                  [&](const plan::Net_config& net) { return plan::ref_of(net) == about.device; });
    return work.ports().book.keep(*record);
}

Status take_back_detach(Work& work, const json::object& args) {
    XVM_TRY_LET(const Device_args about, device_args(args));
    XVM_TRY_LET(const auto domid, number_of_nodes(work));
    if (!domid) return {};
    // A guest that has let go already does not take it back: it goes.
    XVM_TRY_LET(const Sides sides, sides_of(work.ports().store, *domid, about.device));
    XVM_TRY_LET(const bool over, is_closed(work.ports().store, *domid, about.device));
    if (over || has_left(sides.frontend)) {
        XVM_TRY(close_device(work, args));
        XVM_TRY(remove_device(work, args));
        return forget_device(work, args);
    }
    const std::string back = plan::backend_dir(about.device, *domid);
    const std::string front = plan::frontend_dir(about.device, *domid);
    port::Store& store = work.ports().store;
    return port::transact(store, [&](port::Txn txn) -> Status {
        const auto state = store.read(schema::path(back, backend::state), txn);
        if (!state)
            return state.error().fault == Fault::not_found ? Status{} : Status(tl::unexpected(state.error()));
        if (*state == schema::text_of(Device_state::closed)) return {};
        XVM_TRY(store.write(schema::path(back, backend::online), "1", txn));
        XVM_TRY(store.remove(schema::path(front, frontend::busy), txn));
        const auto guest = store.read(schema::path(front, frontend::state), txn);
        const std::string connected = schema::text_of(Device_state::connected);
        const bool asked = *state == schema::text_of(Device_state::closing);
        if (about.device.device_class == Device_class::xvbd || !asked || !guest || *guest != connected)
            return {};
        return store.write(schema::path(back, backend::state), connected, txn);
    });
}

} // namespace

std::span<const Op> device_ops() noexcept {
    static constexpr std::array<Op, 7> ops{{
        {"check-slot", check_slot, nullptr},
        {"check-device", check_device, nullptr},
        {"await-guest", await_guest, nullptr},
        {"ask-detach", ask_detach, take_back_detach},
        {"close-device", close_device, nullptr},
        {"remove-device", remove_device, nullptr},
        {"forget-device", forget_device, nullptr},
    }};
    return ops;
}

} // namespace xvm::run
