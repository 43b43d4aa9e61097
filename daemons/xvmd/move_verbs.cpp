// SPDX-License-Identifier: Apache-2.0
// Memory from one running guest to another, or from and to what is free.
#include "daemons/xvmd/move_plans.hpp"
#include "daemons/xvmd/verbs.hpp"
#include "toolstack/run/memory_engines.hpp"

#include <boost/json/value_to.hpp>

namespace xvm::xvmd {
namespace json = boost::json;
namespace {

constexpr std::chrono::minutes move_limit{1};

tl::unexpected<api::Failure> refused(Error error) {
    return tl::unexpected<api::Failure>(std::move(error));
}

Result<plan::Plan> plan_of_move(run::Ports& ports, const Call& call, const run::Domain_entry* from,
                                const run::Domain_entry* to) {
    const auto bytes = static_cast<std::uint64_t>(call.integer("amount"));
    if (from == nullptr && to == nullptr)
        return fail(Fault::usage, "memory move", "both ends are what is free", "name a guest");
    if (from != nullptr && to != nullptr && from->info.id.uuid == to->info.id.uuid)
        return fail(Fault::usage, "memory move", "'" + from->name + "' cannot give memory to itself",
                    "name two guests");
    plan::Move_order order;
    order.limit_ms = call.duration("timeout").value_or(move_limit).count();
    order.partial = call.flag("partial");
    order.reservation = Uuid::random().text();
    order.what = "memory move '" + call.text("from") + "' to '" + call.text("to") + "'";
    if (from != nullptr) {
        XVM_TRY_LET(auto giver, giver_of(ports, *from, bytes));
        order.givers.push_back(std::move(giver));
    }
    if (to != nullptr) {
        XVM_TRY_LET(auto taker, taker_of(ports, *to, bytes));
        order.taker.push_back(std::move(taker));
    }
    if (from == nullptr) order.free_bytes = bytes;
    order.for_uuid = (to != nullptr ? to : from)->info.id.uuid.text();
    const run::Domain_entry& about = from != nullptr ? *from : *to;
    return plan::plan_move({about.name, about.info.id}, order);
}

/// What the guest has; what it had when it is gone.
std::uint64_t memory_now(run::Ports& ports, const plan::Memory_end& end, std::uint64_t otherwise) {
    const auto info = ports.domains.info(Domid{static_cast<std::uint16_t>(end.domid)});
    return info && info->id.uuid.text() == end.uuid && !info->dying ? info->memory_bytes : otherwise;
}

/// "xvm.memory_move/1"
Answer answer_of(run::Ports& ports, const Call& call, const plan::Plan& plan) {
    const auto order = json::value_to<plan::Move_order>(plan.steps.front().args.at("order"));
    json::object answer{{"schema", "xvm.memory_move/1"},
                        {"from", call.text("from")},
                        {"to", call.text("to")},
                        {"amount_bytes", call.integer("amount")}};
    std::uint64_t moved = 0;
    if (!order.givers.empty()) {
        const plan::Memory_end& from = order.givers.front();
        const std::uint64_t has = memory_now(ports, from, from.to_bytes);
        moved = from.memory_bytes - std::min(has, from.memory_bytes);
        answer["from_memory_bytes"] = has;
    }
    if (!order.taker.empty()) {
        const plan::Memory_end& to = order.taker.front();
        const std::uint64_t has = memory_now(ports, to, to.memory_bytes);
        moved = has - std::min(has, to.memory_bytes);
        answer["to_memory_bytes"] = has;
    }
    answer["moved_bytes"] = moved;
    return json::value(std::move(answer));
}

} // namespace

void add_move_verbs(Verbs& verbs) {
    verbs.exchange("memory.move", {[](run::Ports& ports, const Call& call, const run::Domain_entry* from,
                                      const run::Domain_entry* to) -> Planned {
                                       auto plan = plan_of_move(ports, call, from, to);
                                       if (plan) return std::move(*plan);
                                       return refused(std::move(plan.error()));
                                   },
                                   answer_of});
}

} // namespace xvm::xvmd
