// SPDX-License-Identifier: Apache-2.0
// Memory that moves: promised, asked for, passed on, and given back when it was in vain.
#include "toolstack/plan/plan_move.hpp"
#include "toolstack/run/args.hpp"
#include "toolstack/run/memory_engines.hpp"
#include "toolstack/run/memory_flow.hpp"
#include "toolstack/run/ops.hpp"
#include "toolstack/run/wishes.hpp"

#include <algorithm>
#include <array>

namespace xvm::run {
namespace json = boost::json;
namespace {

using plan::Memory_end;
using plan::Move_order;
using port::Memory_state;
using std::chrono::milliseconds;

/// For the last of what givers have released to reach the taker, when only that is kept.
constexpr milliseconds last_part_limit{5000};

Result<Move_order> order_of(const json::object& args) {
    return argument<Move_order>(args, "order");
}

Result<Uuid> uuid_of(const std::string& text) {
    if (const auto uuid = Uuid::parse(text)) return *uuid;
    return fail(Fault::usage, "plan", "'" + text + "' is no uuid", "it was made for another version of xvmd");
}

/// The engines that an order's ends name, each opened once.
class Engines {
  public:
    explicit Engines(Ports& ports) : ports_(ports) {}

    Result<Flow_end> end(const Memory_end& end) {
        XVM_TRY_LET(const Uuid uuid, uuid_of(end.uuid));
        const bool block = end.engine == name_of(port::Memory_kind::block);
        auto& engine = engines_[block ? 1 : 0];
        if (!engine)
            engine =
                open_memory_engine(ports_, block ? port::Memory_kind::block : port::Memory_kind::balloon);
        const Domain_id id{Domid{static_cast<std::uint16_t>(end.domid)}, uuid};
        return Flow_end{engine.get(),    {id, end.memory_bytes, end.target_bytes, end.limit_bytes},
                        end.name,        end.to_bytes,
                        end.least_bytes, end.step_bytes};
    }

    Result<Flow> flow(const Move_order& order) {
        Flow flow;
        flow.free_bytes = order.free_bytes;
        for (const Memory_end& giver : order.givers) {
            XVM_TRY_LET(Flow_end made, end(giver));
            flow.givers.push_back(std::move(made));
        }
        for (const Memory_end& taker : order.taker) {
            XVM_TRY_LET(flow.taker, end(taker));
        }
        return flow;
    }

  private:
    Ports& ports_;
    std::array<std::unique_ptr<port::Memory_engine>, 2> engines_;
};

Status reserve(Work& work, const json::object& args) {
    XVM_TRY_LET(const Move_order order, order_of(args));
    if (work.ports().reservations == nullptr) return {};
    Reservation reservation;
    XVM_TRY_LET(reservation.id, uuid_of(order.reservation));
    XVM_TRY_LET(reservation.taker, uuid_of(order.for_uuid));
    reservation.what = order.what;
    reservation.free_bytes = order.free_bytes;
    for (const Memory_end& giver : order.givers) {
        XVM_TRY_LET(const Uuid uuid, uuid_of(giver.uuid));
        // What it gives instead of another is promised, too.
        const std::uint64_t leave =
            giver.least_bytes > 0 ? std::min(giver.least_bytes, giver.to_bytes) : giver.to_bytes;
        reservation.givers.push_back({uuid, giver.memory_bytes, leave});
    }
    if (!order.taker.empty()) reservation.taker_memory_bytes = order.taker.front().memory_bytes;
    return work.ports().reservations->reserve(work.ports().domains, reservation, Reservations::Kept::in_file);
}

Status release(Work& work, const json::object& args) {
    XVM_TRY_LET(const Move_order order, order_of(args));
    XVM_TRY_LET(const Uuid id, uuid_of(order.reservation));
    if (work.ports().reservations != nullptr) work.ports().reservations->drop(id);
    return {};
}

Status ask(Work& work, const json::object& args) {
    XVM_TRY_LET(const Move_order order, order_of(args));
    Engines engines(work.ports());
    XVM_TRY_LET(const Flow flow, engines.flow(order));
    for (const Flow_end& giver : flow.givers)
        if (giver.to_bytes < giver.side.memory_bytes) XVM_TRY(giver.engine->ask(giver.side, giver.to_bytes));
    return {};
}

/// The end as it is now, with what it has now for its start.
Result<std::optional<Flow_end>> as_it_is(const Flow_end& end) {
    XVM_TRY_LET(const auto now, end.engine->released(end.side, 0));
    if (now.state == Memory_state::gone) return std::optional<Flow_end>{};
    Flow_end here = end;
    const std::uint64_t between =
        end.side.memory_bytes - std::min(end.side.target_bytes, end.side.memory_bytes);
    here.side.memory_bytes = now.memory_bytes;
    here.side.target_bytes = now.memory_bytes - std::min(between, now.memory_bytes);
    return std::optional(std::move(here));
}

/// Nobody is asked for more; what has been released reaches the taker, and what it does not take goes back.
Status keep_part(const Flow& flow) {
    const Flow_end& giver = flow.givers.front();
    const Flow_end& taker = *flow.taker;
    XVM_TRY_LET(auto gives, as_it_is(giver));
    if (gives) {
        XVM_TRY(giver.engine->withdraw(giver.side, gives->side.memory_bytes));
        // It may have given some more before it heard of it.
        XVM_TRY_LET(gives, as_it_is(giver));
    }
    const std::uint64_t left = gives ? std::max(gives->side.memory_bytes, giver.to_bytes) : giver.to_bytes;
    const std::uint64_t released = giver.side.memory_bytes - std::min(left, giver.side.memory_bytes);
    Flow rest;
    rest.taker = taker;
    rest.taker->to_bytes = taker.side.memory_bytes + released;
    rest.free_bytes = released;
    const Flow_outcome passed = run_flow(rest, last_part_limit, {});
    XVM_TRY(taker.engine->withdraw(taker.side, taker.side.memory_bytes + passed.taken_bytes));
    if (!gives || passed.taken_bytes >= released) return {};
    return giver.engine->offer(giver.side, giver.side.memory_bytes - passed.taken_bytes);
}

/// What has moved, or is on its way to the taker, stays moved: it may be in use by now.
Status leave_part(const Flow& flow) {
    if (flow.taker && flow.givers.size() == 1) return keep_part(flow);
    for (const Flow_end& giver : flow.givers) {
        XVM_TRY_LET(const auto now, as_it_is(giver));
        if (now) XVM_TRY(giver.engine->withdraw(giver.side, now->side.memory_bytes));
    }
    if (!flow.taker) return {};
    XVM_TRY_LET(const auto now, as_it_is(*flow.taker));
    return now ? flow.taker->engine->withdraw(flow.taker->side, now->side.memory_bytes) : Status{};
}

/// Whether anything of it has moved.
Result<bool> has_begun(const Flow& flow) {
    std::vector<Flow_end> ends = flow.givers;
    if (flow.taker) ends.push_back(*flow.taker);
    for (const Flow_end& end : ends) {
        XVM_TRY_LET(const auto now, as_it_is(end));
        if (now && now->side.memory_bytes != end.side.memory_bytes) return true;
    }
    return false;
}

Status pass(Work& work, const json::object& args) {
    XVM_TRY_LET(const Move_order order, order_of(args));
    Engines engines(work.ports());
    XVM_TRY_LET(const Flow flow, engines.flow(order));
    const Flow_outcome outcome = run_flow(flow, milliseconds(order.limit_ms), {work.go_on, work.moved});
    if (outcome.complete) return {};
    const bool some = outcome.released_bytes > 0 || outcome.taken_bytes > 0;
    if (!order.partial || !some || outcome.complete.error().fault == Fault::not_found)
        return outcome.complete;
    return leave_part(flow);
}

/// Xen's limit as it was, which may be above what the guest has: it could grow before, too.
Status put_limit_back(Work& work, const Flow_end& end) {
    XVM_TRY_LET(const auto info, port::living(work.ports().domains, end.side.id));
    if (!info) return {};
    return work.ports().domains.set_memory_max(end.side.id.domid, end.side.limit_bytes);
}

/// The taker gives back what it has got; an Error when it does not. Who gave gets it, and all of it. Of an
/// order that may be done in part, what has moved stays.
Status give_back(Work& work, const json::object& args) {
    XVM_TRY_LET(const Move_order order, order_of(args));
    Engines engines(work.ports());
    XVM_TRY_LET(const Flow flow, engines.flow(order));
    if (order.partial) {
        XVM_TRY_LET(const bool begun, has_begun(flow));
        if (begun) return leave_part(flow);
    }
    const milliseconds limit = work.ports().patience.memory;
    Flow back;
    if (flow.taker) {
        XVM_TRY_LET(auto had, as_it_is(*flow.taker));
        if (had) {
            had->to_bytes = flow.taker->side.memory_bytes;
            if (had->side.memory_bytes > had->to_bytes)
                back.givers.push_back(*had);
            else
                XVM_TRY(had->engine->withdraw(flow.taker->side, had->to_bytes));
        }
    }
    std::vector<Flow_end> receivers;
    for (const Flow_end& giver : flow.givers) {
        XVM_TRY_LET(auto now, as_it_is(giver));
        if (!now) continue;
        XVM_TRY(giver.engine->withdraw(giver.side, now->side.memory_bytes));
        XVM_TRY_LET(now, as_it_is(giver));
        if (!now) continue;
        now->to_bytes = giver.side.memory_bytes;
        receivers.push_back(std::move(*now));
    }
    Status returned;
    if (receivers.size() == 1) {
        back.taker = receivers.front();
        const std::uint64_t lacks =
            back.taker->to_bytes - std::min(back.taker->to_bytes, back.taker->side.memory_bytes);
        const std::uint64_t held =
            back.givers.empty() ? 0 : back.givers.front().side.memory_bytes - back.givers.front().to_bytes;
        back.free_bytes = lacks - std::min(held, lacks);
        if (lacks > 0 || held > 0) returned = run_flow(back, limit, {}).complete;
    } else {
        if (!back.givers.empty()) returned = run_flow(back, limit, {}).complete;
        // Free by now, all of it: they are told together, and each takes its own.
        for (const Flow_end& one : receivers)
            XVM_TRY(one.engine->offer(one.side, one.to_bytes));
        for (const Flow_end& one : receivers) {
            Flow single;
            single.taker = one;
            single.free_bytes = one.to_bytes - std::min(one.to_bytes, one.side.memory_bytes);
            static_cast<void>(run_flow(single, limit, {}));
        }
    }
    for (const Flow_end& giver : flow.givers)
        XVM_TRY(put_limit_back(work, giver));
    if (flow.taker) XVM_TRY(put_limit_back(work, *flow.taker));
    if (returned || back.givers.empty()) return {};
    // What a giver does not take back at once stays free, and it is asked to have it. What is not given back
    // is another matter.
    XVM_TRY_LET(const auto has, as_it_is(back.givers.front()));
    if (!has || has->side.memory_bytes <= back.givers.front().to_bytes) return {};
    return returned;
}

Status note_loan(Work& work, const json::object& args) {
    XVM_TRY_LET(const Move_order order, order_of(args));
    Engines engines(work.ports());
    for (const Memory_end& giver : order.givers) {
        XVM_TRY_LET(const Uuid uuid, uuid_of(giver.uuid));
        auto record = work.ports().book.by_uuid(uuid);
        if (!record) continue;
        // What it gave, which is not what it was asked for if another gave instead.
        XVM_TRY_LET(const Flow_end end, engines.end(giver));
        XVM_TRY_LET(const auto now, as_it_is(end));
        if (!now || now->side.memory_bytes >= giver.memory_bytes) continue;
        record->lent.push_back({work.uuid(), giver.memory_bytes - now->side.memory_bytes});
        XVM_TRY(work.ports().book.keep(*record));
    }
    return {};
}

Status forget_loan(Work& work, const json::object& args) {
    XVM_TRY_LET(const Move_order order, order_of(args));
    for (const Memory_end& giver : order.givers) {
        XVM_TRY_LET(const Uuid uuid, uuid_of(giver.uuid));
        auto record = work.ports().book.by_uuid(uuid);
        if (!record) continue;
        std::erase_if(record->lent, [&](const Loan& loan) { return loan.borrower == work.uuid(); });
        XVM_TRY(work.ports().book.keep(*record));
    }
    return {};
}

/// What it has been offered is paid back, whether it has taken it by now or takes it later.
Status repay_loan(Work& work, const json::object& args) {
    XVM_TRY_LET(const auto borrower, argument<std::string>(args, "borrower"));
    XVM_TRY_LET(auto paid, argument<std::uint64_t>(args, "paid_bytes"));
    auto record = work.ports().book.by_uuid(work.uuid());
    if (!record) return {};
    for (Loan& loan : record->lent) {
        if (loan.borrower.text() != borrower) continue;
        const std::uint64_t part = std::min(paid, loan.bytes);
        loan.bytes -= part;
        paid -= part;
    }
    std::erase_if(record->lent, [](const Loan& loan) { return loan.bytes == 0; });
    return work.ports().book.keep(*record);
}

} // namespace

std::span<const Op> memory_ops() noexcept {
    static constexpr std::array<Op, 6> ops{{
        {"reserve-memory", reserve, release},
        {"release-memory", release, nullptr},
        {"ask-memory", ask, give_back},
        {"pass-memory", pass, nullptr},
        {"note-loan", note_loan, forget_loan},
        {"repay-loan", repay_loan, nullptr},
    }};
    return ops;
}

} // namespace xvm::run
