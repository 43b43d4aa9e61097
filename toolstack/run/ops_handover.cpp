// SPDX-License-Identifier: Apache-2.0
// What of a move lies between two guests: room at the target, its pages, and where it all ends.
#include "toolstack/run/handover.hpp"
#include "toolstack/run/ops.hpp"

#include <algorithm>
#include <array>

namespace xvm::run {
namespace json = boost::json;
namespace {

using plan::Direct_end;
using plan::Direct_engine;
using plan::Direct_phase;

/// Linux's grant table at its largest, as port/xen makes domains; the first few are others'.
constexpr std::uint32_t refs_max = 64 * 512;
constexpr std::uint32_t refs_reserved = 8;

std::uint64_t engine_number(Direct_engine engine) {
    return engine == Direct_engine::transfer ? XVM_DEV_TRANSFER : XVM_DEV_MOVE;
}

template <class T>
bool all_different(std::vector<T> list) {
    std::sort(list.begin(), list.end());
    return std::adjacent_find(list.begin(), list.end()) == list.end();
}

std::vector<Gref> refs_of(const plan::Direct_record& record) {
    std::vector<Gref> refs;
    for (const std::uint32_t ref : record.refs)
        refs.push_back(Gref{ref});
    return refs;
}

bool transfers(Handover& one) {
    return one.order().engine == Direct_engine::transfer;
}

tl::unexpected<Error> nonsense(const Direct_end& end) {
    return fail(Fault::timeout, "domain '" + end.name + "'", "offers room that is none",
                "its module is not xvm's, or is damaged");
}

Status prepare_direct(Work& work, const json::object& args) {
    XVM_TRY_LET(Handover one, Handover::of(work, args));
    const Direct_end& to = one.order().to;
    plan::Direct_record& record = one.record();
    XVM_TRY_LET(const auto info, port::living(work.ports().domains, {domid_of(to), *Uuid::parse(to.uuid)}));
    if (info) one.facts().target_bytes = info->memory_bytes;
    XVM_TRY(one.order_of(to, XVM_DEV_PREPARE,
                         {one.device().kind(), record.pages, engine_number(one.order().engine)}));
    XVM_TRY_LET(device::Link* const link, one.link(to));
    record.room = link->frames(record.pages);
    record.refs.clear();
    const bool named = !transfers(one) || !to.pv; // where the pages come to
    if (named && (!all_different(record.room) || std::count(record.room.begin(), record.room.end(), 0U) != 0))
        return nonsense(to);
    if (!transfers(one)) return one.keep();
    const std::vector<Gref> refs = link->refs(record.pages);
    for (const Gref ref : refs) {
        if (number(ref) < refs_reserved || number(ref) >= refs_max) return nonsense(to);
        record.refs.push_back(number(ref));
    }
    if (!all_different(record.refs)) return nonsense(to);
    XVM_TRY(one.keep());
    if (to.pv) std::fill(record.room.begin(), record.room.end(), 0U);
    return one.port().open_room(domid_of(to), domid_of(one.order().from), refs, record.room);
}

/// The room goes, with whatever came into it.
Status abandon(Handover& one) {
    const Direct_end& to = one.order().to;
    plan::Direct_record& record = one.record();
    XVM_TRY_LET(const bool there, one.lives(to));
    if (!there) return {};
    XVM_TRY_LET(const std::uint32_t state, one.state_at(to));
    if (state != XVM_DEV_PREPARED) return {};
    std::vector<std::uint64_t> came(record.pages, 0);
    if (!record.refs.empty()) {
        if (auto arrived = one.port().arrived(domid_of(to), refs_of(record))) came = std::move(*arrived);
        // The entries are cleared as soon as all pages have come.
        if (record.phase == Direct_phase::flipped || record.phase == Direct_phase::given)
            came = record.frames;
        XVM_TRY(one.port().close_room(domid_of(to), refs_of(record)));
    }
    XVM_TRY_LET(device::Link* const link, one.link(to));
    link->write_frames(came);
    XVM_TRY(one.order_of(to, XVM_DEV_ABANDON));
    record.refs.clear();
    record.room.clear();
    return {};
}

Status undo_prepare_direct(Work& work, const json::object& args) {
    XVM_TRY_LET(Handover one, Handover::of(work, args));
    XVM_TRY(abandon(one));
    return one.keep();
}

/// The last look before there is no way back: a page that is transferred to nobody is lost.
Status verify_direct(Work& work, const json::object& args) {
    XVM_TRY_LET(Handover one, Handover::of(work, args));
    if (one.record().lost) return {};
    const plan::Direct_record& record = one.record();
    const Direct_end& to = one.order().to;
    XVM_TRY_LET(const auto info, port::living(work.ports().domains, {domid_of(to), *Uuid::parse(to.uuid)}));
    if (!info)
        return fail(Fault::not_found, "domain '" + to.name + "'", "ended before it had the device",
                    "domain '" + one.order().from.name + "' runs it");
    if (!transfers(one))
        return one.port().copy_frames(domid_of(one.order().from), record.frames, domid_of(to), record.room);
    const std::uint64_t bytes = record.pages * port::page_bytes;
    // A PVH guest owns a little more than its limit says, from its start on.
    if (info->memory_bytes + bytes > std::max(info->memory_max_bytes, one.facts().target_bytes))
        return fail(Fault::exhausted, "domain '" + to.name + "'",
                    "may not own the device's pages beside its own", "raise its memory limit: memory_max");
    return one.port().check_room(domid_of(to), domid_of(one.order().from), refs_of(record));
}

Status flip_direct(Work& work, const json::object& args) {
    XVM_TRY_LET(Handover one, Handover::of(work, args));
    const Direct_end& from = one.order().from;
    const Direct_end& to = one.order().to;
    plan::Direct_record& record = one.record();
    if (record.lost || record.phase == Direct_phase::flipped) return record.lost ? abandon(one) : Status{};
    if (record.phase != Direct_phase::cut) return {};
    XVM_TRY_LET(device::Link* const link, one.link(from));
    if (transfers(one)) link->write_refs(refs_of(record));
    const device::Request flip{
        XVM_DEV_FLIP, one.address().number(), {to.domid, engine_number(one.order().engine)}};
    XVM_TRY_LET(const auto answer, link->ask(flip, one.patience()));
    if (transfers(one)) {
        // What came is what counts, not what the source says.
        XVM_TRY_LET(const auto came, one.port().arrived(domid_of(to), refs_of(record)));
        const auto missing = std::count(came.begin(), came.end(), 0U);
        if (missing != 0)
            return fail(Fault::busy, "domain '" + from.name + "'",
                        std::to_string(missing) + " of " + std::to_string(record.pages) +
                            " pages of the device did not come to domain '" + to.name +
                            "': somebody else maps them",
                        "the device is held; give it to a guest with 'xvm device assign'");
        XVM_TRY(one.port().close_room(domid_of(to), refs_of(record)));
        record.frames = came;
        XVM_TRY_LET(device::Link* const target, one.link(to));
        target->write_frames(came);
    } else if (!answer.ok()) {
        return tl::unexpected<Error>(device::error_of(link->object(), XVM_DEV_FLIP, answer.status));
    }
    return one.advance(Direct_phase::flipped);
}

Status refill_direct(Work& work, const json::object& args) {
    XVM_TRY_LET(Handover one, Handover::of(work, args));
    const Direct_end& from = one.order().from;
    XVM_TRY_LET(const bool there, one.lives(from));
    if (!there || one.record().lost) return {};
    XVM_TRY_LET(const std::uint32_t state, one.state_at(from));
    if (state == XVM_DEV_FLIPPED) XVM_TRY(one.order_of(from, XVM_DEV_REFILL));
    if (state == XVM_DEV_STOPPED) XVM_TRY(one.order_of(from, XVM_DEV_DROP));
    return {};
}

/// Exactly one guest runs it, or nobody has it, and it is known why.
Status settle_direct(Work& work, const json::object& args) {
    XVM_TRY_LET(Handover one, Handover::of(work, args));
    plan::Direct_record& record = one.record();
    const auto& order = one.order();
    if (record.phase == Direct_phase::assigned) {
        record.refs.clear();
        record.room.clear();
        if (!record.lost) record.reason.clear();
        return one.keep();
    }
    const bool failed = order.from.there() && order.to.there();
    if (order.from.there()) XVM_TRY(one.take_away(order.from));
    if (order.to.there()) {
        XVM_TRY(one.take_away(order.to));
        XVM_TRY(abandon(one));
        XVM_TRY(one.let_drop(order.to));
    }
    record.holder = {};
    record.frames.clear();
    if (failed && record.reason.empty())
        record.reason =
            "the move from '" + order.from.name + "' to '" + order.to.name + "' failed after its pages went";
    if (!order.to_host) return hold(one);
    XVM_TRY(one.port().to_host(one.address()));
    record.reason.clear();
    record.pages = 0;
    return one.advance(Direct_phase::host);
}

} // namespace

std::span<const Op> handover_ops() noexcept {
    static constexpr std::array<Op, 5> ops{{
        {"prepare-direct", prepare_direct, undo_prepare_direct},
        {"verify-direct", verify_direct, nullptr},
        {"flip-direct", flip_direct, nullptr},
        {"refill-direct", refill_direct, nullptr},
        {"settle-direct", settle_direct, nullptr},
    }};
    return ops;
}

} // namespace xvm::run
