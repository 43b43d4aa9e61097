// SPDX-License-Identifier: Apache-2.0
// Devices that a guest gets, stops, and loses. What of a move lies between two guests is in ops_handover.cpp.
#include "toolstack/run/handover.hpp"
#include "toolstack/run/ops.hpp"

#include <array>

namespace xvm::run {
namespace json = boost::json;
namespace {

using plan::Direct_end;
using plan::Direct_phase;
using std::chrono::milliseconds;

std::string device_text(Handover& one) {
    return "device " + one.record().device;
}

tl::unexpected<Error> held_by(Handover& one, const Direct_end& holder) {
    return fail(Fault::busy, device_text(one), "domain '" + holder.name + "' has it",
                "first: xvm device release " + one.record().device + "; or: xvm device move " +
                    one.record().device + " " + holder.name + " GUEST");
}

/// What it takes to be given to any guest.
Status check_device(Handover& one) {
    const port::Pci_device& device = one.device();
    XVM_TRY(one.port().available());
    if (!device.driver.empty())
        return fail(Fault::busy, device_text(one), "dom0's driver '" + device.driver + "' has it",
                    "unbind it: echo " + one.record().device + " >/sys/bus/pci/drivers/" + device.driver +
                        "/unbind");
    if (device.registers == 0)
        return fail(Fault::exhausted, device_text(one), "has no registers in memory",
                    "it cannot be given to a guest");
    if (!device.msi)
        return fail(Fault::exhausted, device_text(one), "cannot interrupt by message (MSI)",
                    "it cannot be given to a guest");
    if (!device.group.empty())
        return fail(Fault::busy, device_text(one),
                    "the IOMMU cannot tell it from device " + device.group.front().text(),
                    "give it up: it cannot be given to a guest alone");
    return {};
}

/// The guest has a driver for it; how many pages that wants.
Result<std::uint64_t> check_taker(Handover& one, const Direct_end& end) {
    XVM_TRY(one.port().may_have(domid_of(end), one.address()));
    XVM_TRY_LET(const auto answer, one.order_of(end, XVM_DEV_LOOK, {one.device().kind()}));
    if (answer.state != XVM_DEV_ABSENT)
        return fail(Fault::busy, "domain '" + end.name + "'",
                    "is at work with " + device_text(one) + " already", "see 'xvm device list'");
    if (answer.value[0] == 0 || answer.value[0] > XVM_DEV_PAGES_MAX)
        return fail(Fault::exhausted, "domain '" + end.name + "'",
                    "its driver wants " + std::to_string(answer.value[0]) + " pages to go along",
                    "1 to " + std::to_string(XVM_DEV_PAGES_MAX) + " can");
    return answer.value[0];
}

Status check_direct(Work& work, const json::object& args) {
    XVM_TRY_LET(Handover one, Handover::of(work, args));
    XVM_TRY_LET(one.facts().turn, work.ports().devices->turn(one.record().device));
    XVM_TRY_LET(one.record(), direct_record(work.ports(), one.record().device));
    one.record().device = one.device().address.text();
    one.record().kind = one.device().kind();
    const auto& [device, from, to, engine, limit_ms, force, to_host] = one.order();
    const bool assigned = one.record().phase == Direct_phase::assigned;
    const Direct_end& holder = one.record().holder;
    if (from.there()) {
        if (!assigned)
            return fail(Fault::not_found, device_text(one),
                        "domain '" + from.name + "' does not have it: it is " +
                            std::string(name_of(one.record().phase)),
                        "see 'xvm device list'");
        if (holder.uuid != from.uuid) return held_by(one, holder);
        if (!force) XVM_TRY(one.link(from));
    } else {
        if (assigned) return held_by(one, holder);
        if (to.there()) XVM_TRY(check_device(one));
    }
    if (!to.there()) return {};
    XVM_TRY_LET(const std::uint64_t pages, check_taker(one, to));
    if (!from.there()) one.record().pages = pages;
    one.record().from_host = one.record().phase == Direct_phase::host;
    one.record().lost = false;
    one.record().drain_us = 0;
    one.record().outage_us = 0;
    return one.keep();
}

// --- given ---------------------------------------------------------------------------------------

Status give_direct(Work& work, const json::object& args) {
    XVM_TRY_LET(Handover one, Handover::of(work, args));
    // A move whose pages did not come ends where it settles.
    if (one.order().from.there() && !plan::may_follow(one.record().phase, Direct_phase::given, one.fresh()))
        return {};
    XVM_TRY(one.give(one.order().to));
    one.record().holder = one.order().to;
    one.record().reason.clear();
    return one.advance(Direct_phase::given);
}

/// Whose it was before.
Status take_back_direct(Work& work, const json::object& args) {
    XVM_TRY_LET(Handover one, Handover::of(work, args));
    XVM_TRY(one.take_away(one.order().to));
    one.record().holder = {};
    if (!one.record().from_host) return hold(one);
    XVM_TRY(one.port().to_host(one.address()));
    one.record().pages = 0;
    return one.advance(Direct_phase::host);
}

Status take_direct(Work& work, const json::object& args) {
    XVM_TRY_LET(Handover one, Handover::of(work, args));
    if (one.record().phase != Direct_phase::given && one.record().phase != Direct_phase::taken) return {};
    XVM_TRY(one.let_take(one.order().to, one.fresh()));
    return one.advance(Direct_phase::taken);
}

Status undo_take_direct(Work& work, const json::object& args) {
    XVM_TRY_LET(Handover one, Handover::of(work, args));
    return one.let_drop(one.order().to);
}

Status run_direct(Work& work, const json::object& args) {
    XVM_TRY_LET(Handover one, Handover::of(work, args));
    if (one.record().phase != Direct_phase::taken && one.record().phase != Direct_phase::assigned) return {};
    XVM_TRY(one.let_run(one.order().to));
    if (const auto since = one.facts().stop_asked; since != decltype(since){}) {
        const auto all =
            std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - since);
        const auto took = static_cast<std::uint64_t>(all.count());
        one.record().outage_us = took - std::min(took, one.record().drain_us);
    }
    return one.advance(Direct_phase::assigned);
}

Status undo_run_direct(Work& work, const json::object& args) {
    XVM_TRY_LET(Handover one, Handover::of(work, args));
    XVM_TRY_LET(const bool there, one.lives(one.order().to));
    if (!there) return {};
    XVM_TRY_LET(const std::uint32_t state, one.state_at(one.order().to));
    if (state == XVM_DEV_RUNNING || state == XVM_DEV_TAKEN)
        XVM_TRY(
            one.order_of(one.order().to, XVM_DEV_STOP, {static_cast<std::uint64_t>(one.order().limit_ms)}));
    return {};
}

// --- stopped -------------------------------------------------------------------------------------

std::string hex(const std::vector<std::uint8_t>& bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const std::uint8_t byte : bytes) {
        text += digits[byte >> 4];
        text += digits[byte & 0xf];
    }
    return text;
}

/// What the guest says that it has stopped, checked.
Status take_note(Handover& one, device::Link& link, const device::Answer& answer) {
    plan::Direct_record& record = one.record();
    if (answer.value[0] > XVM_DEV_CONTEXT_MAX || answer.value[1] != record.pages)
        return fail(Fault::timeout, link.object(), "says of the device what cannot be",
                    "its module is not xvm's, or is damaged");
    record.context = hex(link.context(answer.value[0]));
    record.frames = link.frames(record.pages);
    record.drain_us = answer.value[2] / 1000;
    return {};
}

Status stop_direct(Work& work, const json::object& args) {
    XVM_TRY_LET(Handover one, Handover::of(work, args));
    const Direct_end& from = one.order().from;
    // The answer comes when it has come to rest; that is its own time.
    constexpr milliseconds grace{500};
    const auto ask = [&]() -> Status {
        XVM_TRY_LET(device::Link* const link, one.link(from));
        one.facts().stop_asked = std::chrono::steady_clock::now();
        const device::Request stop{
            XVM_DEV_STOP, one.address().number(), {static_cast<std::uint64_t>(one.order().limit_ms)}};
        XVM_TRY_LET(const auto answer, link->order(stop, one.limit() + grace));
        return take_note(one, *link, answer);
    };
    const Status stopped = ask();
    if (!stopped) {
        if (!one.order().force) return stopped;
        one.record().lost = true;
        one.record().reason = "taken by force: " + stopped.error().line();
    }
    return one.advance(Direct_phase::stopped);
}

/// It has it again, and runs it.
Status resume_direct(Work& work, const json::object& args) {
    XVM_TRY_LET(Handover one, Handover::of(work, args));
    const Direct_end& from = one.order().from;
    const auto give_up = [&](const std::string& why) -> Status {
        XVM_TRY(one.take_away(from));
        one.record().reason = why;
        one.record().holder = {};
        return hold(one);
    };
    if (one.record().phase == Direct_phase::held) return one.let_drop(from); // it could not have it again
    XVM_TRY_LET(const bool there, one.lives(from));
    if (!there) return give_up("domain '" + from.name + "' ended while it was to be moved");
    if (one.record().lost) return give_up(one.record().reason);
    const auto state = one.state_at(from);
    // It never answered: it has it still, for all that is known.
    if (!state) {
        one.record().reason = state.error().line();
        one.record().phase = Direct_phase::assigned;
        return one.keep();
    }
    if (*state == XVM_DEV_STOPPED) {
        // Its interrupt was bound by a port that is closed; it gets another one.
        if (one.record().pirq != 0) XVM_TRY(one.port().unmap_interrupt(domid_of(from), one.record().pirq));
        XVM_TRY_LET(one.record().pirq, one.port().map_interrupt(domid_of(from), one.address()));
        XVM_TRY(one.let_take(from, false));
    }
    if (*state == XVM_DEV_STOPPED || *state == XVM_DEV_TAKEN) XVM_TRY(one.let_run(from));
    one.record().phase = Direct_phase::assigned;
    one.record().reason.clear();
    return one.keep();
}

Status cut_direct(Work& work, const json::object& args) {
    XVM_TRY_LET(Handover one, Handover::of(work, args));
    XVM_TRY(one.take_away(one.order().from));
    return one.advance(Direct_phase::cut);
}

Status uncut_direct(Work& work, const json::object& args) {
    XVM_TRY_LET(Handover one, Handover::of(work, args));
    XVM_TRY_LET(const bool there, one.lives(one.order().from));
    if (!there || one.record().lost) return {};
    // Some of it may be as it was.
    XVM_TRY(one.take_away(one.order().from));
    if (const Status given = one.give(one.order().from); !given) {
        XVM_TRY(one.take_away(one.order().from));
        one.record().reason = given.error().line();
        one.record().holder = {};
        return hold(one);
    }
    one.record().phase = Direct_phase::stopped;
    return one.keep();
}

Status drop_direct(Work& work, const json::object& args) {
    XVM_TRY_LET(Handover one, Handover::of(work, args));
    return one.record().lost ? Status{} : one.let_drop(one.order().from);
}

} // namespace

std::span<const Op> direct_ops() noexcept {
    static constexpr std::array<Op, 7> ops{{
        {"check-direct", check_direct, nullptr},
        {"give-direct", give_direct, take_back_direct},
        {"take-direct", take_direct, undo_take_direct},
        {"run-direct", run_direct, undo_run_direct},
        {"stop-direct", stop_direct, resume_direct},
        {"cut-direct", cut_direct, uncut_direct},
        {"drop-direct", drop_direct, nullptr},
    }};
    return ops;
}

} // namespace xvm::run
