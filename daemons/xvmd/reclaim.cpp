// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvmd/reclaim.hpp"

#include "daemons/xvmd/move_plans.hpp"
#include "toolstack/balance/reclaim.hpp"
#include "toolstack/plan/config_json.hpp"
#include "toolstack/plan/plan_wishes.hpp"
#include "toolstack/plan/size.hpp"
#include "toolstack/run/memory_world.hpp"

#include <algorithm>

namespace xvm::xvmd {
namespace json = boost::json;
namespace {

constexpr std::chrono::minutes reclaim_limit{1};
constexpr std::chrono::seconds return_limit{10};
constexpr std::uint64_t page_bytes = 4096;

const json::object* step_args(const plan::Plan& plan, std::string_view op) {
    for (const plan::Step& step : plan.steps)
        if (step.op == op) return &step.args;
    return nullptr;
}

/// More guests than it takes: those that stand in for one that stalls. What its givers can still give comes
/// first, then as many others as make up for the largest part; nobody is kept from other work without need.
void add_stand_ins(run::Ports& ports, const balance::World& world, plan::Move_order& order) {
    constexpr std::size_t stand_ins_max = 4;
    std::uint64_t largest = 0, room = 0, room_of_largest = 0;
    for (plan::Memory_end& giver : order.givers) {
        const auto uuid = Uuid::parse(giver.uuid);
        const balance::Guest_view* view = uuid ? find(world, *uuid) : nullptr;
        if (view == nullptr) continue;
        const std::uint64_t gives = giver.memory_bytes - giver.to_bytes;
        const std::uint64_t more =
            balance::reclaimable_bytes(*view) - std::min(balance::reclaimable_bytes(*view), gives);
        giver.step_bytes = view->step_bytes;
        giver.least_bytes = giver.to_bytes - std::min(more, giver.to_bytes);
        room += more;
        if (gives <= largest) continue;
        largest = gives;
        room_of_largest = more;
    }
    room -= room_of_largest;
    std::vector<const balance::Guest_view*> others;
    for (const balance::Guest_view& view : world.guests)
        if (balance::reclaimable_bytes(view) > 0 &&
            std::none_of(order.givers.begin(), order.givers.end(),
                         [&](const plan::Memory_end& giver) { return giver.uuid == view.uuid.text(); }))
            others.push_back(&view);
    std::stable_sort(others.begin(), others.end(), [](const auto* a, const auto* b) {
        return balance::reclaimable_bytes(*a) > balance::reclaimable_bytes(*b);
    });
    if (others.size() > stand_ins_max) others.resize(stand_ins_max);
    for (const balance::Guest_view* view : others) {
        if (room >= largest) break;
        const auto entry = run::find_domain(ports, view->uuid.text());
        if (!entry) continue;
        const std::uint64_t most = balance::reclaimable_bytes(*view);
        auto giver = giver_of(ports, *entry, most);
        if (!giver) continue; // it has changed since
        giver->least_bytes = giver->to_bytes;
        giver->to_bytes = giver->memory_bytes;
        giver->step_bytes = view->step_bytes;
        order.givers.push_back(std::move(*giver));
        room += most;
    }
}

Result<plan::Plan> reclaiming(run::Ports& ports, const Call& call, plan::Plan create,
                              const plan::Guest_config& guest) {
    const std::uint64_t needed = guest.memory_bytes + plan::memory_overhead_bytes(guest);
    XVM_TRY_LET(const balance::World world, run::memory_world(ports));
    const std::uint64_t lacking = balance::lacking_bytes(world, needed);
    if (lacking == 0) return create;
    const auto takes = balance::reclaim(world, lacking);
    if (!takes)
        return fail(Fault::exhausted, "domain '" + guest.name + "'",
                    "needs " + std::to_string(needed >> 20) + "MiB, " +
                        std::to_string(balance::available_bytes(world) >> 20) +
                        "MiB are free and running guests can give up " +
                        std::to_string(balance::reclaimable_bytes(world) >> 20) + "MiB",
                    "destroy a guest, lower 'memory', or lower memory_min of others");
    plan::Move_order order;
    order.reservation = Uuid::random().text();
    order.what = "domain '" + guest.name + "'";
    order.for_uuid = create.uuid.text();
    order.limit_ms = call.duration("timeout").value_or(reclaim_limit).count();
    std::uint64_t taken = 0;
    for (const balance::Take& take : *takes) {
        XVM_TRY_LET(const run::Domain_entry entry, run::find_domain(ports, take.uuid.text()));
        XVM_TRY_LET(plan::Memory_end giver, giver_of(ports, entry, take.bytes));
        order.givers.push_back(std::move(giver));
        taken += take.bytes;
    }
    order.free_bytes = needed - std::min(needed, taken);
    add_stand_ins(ports, world, order);
    return plan::reclaiming(std::move(create), order);
}

} // namespace

Planned with_reclaim(run::Ports& ports, const Call& call, plan::Plan create) {
    const json::object* kept = step_args(create, "keep-guest");
    if (create.verb != "create" || kept == nullptr) return create;
    const auto guest = plan::from_value<plan::Guest_config>(kept->at("guest"), "guest");
    if (!guest) return tl::unexpected<api::Failure>(guest.error());
    if (!call.flag("reclaim") && !guest->memory_reclaim) return create;
    auto plan = reclaiming(ports, call, std::move(create), *guest);
    if (plan) return std::move(*plan);
    return tl::unexpected<api::Failure>(std::move(plan.error()));
}

std::vector<std::string> givers_of(const plan::Plan& plan) {
    std::vector<std::string> names;
    const json::object* asked = step_args(plan, "ask-memory");
    const auto order = asked != nullptr ? plan::from_value<plan::Move_order>(asked->at("order"), "order")
                                        : plan::Move_order{};
    if (order)
        for (const plan::Memory_end& giver : order->givers)
            names.push_back(giver.name);
    return names;
}

Result<std::optional<plan::Plan>> plan_of_return(run::Ports& ports, const Uuid& lender,
                                                 const Uuid& borrower) {
    const std::optional<plan::Plan> none;
    const auto record = ports.book.by_uuid(lender);
    const auto entry = run::find_domain(ports, lender.text());
    if (!record || !entry || entry->life != run::Life::running || ports.reservations == nullptr) return none;
    std::uint64_t lent = 0;
    for (const run::Loan& loan : record->lent)
        if (loan.borrower == borrower) lent += loan.bytes;
    const std::uint64_t most = plan::memory_most_bytes(record->guest);
    const std::uint64_t room = most - std::min(most, entry->info.memory_bytes);
    XVM_TRY_LET(const std::uint64_t available, ports.reservations->available(ports.domains));
    const std::uint64_t bytes = std::min({lent, room, available}) / page_bytes * page_bytes;
    if (lent == 0 || (bytes == 0 && room >= page_bytes)) return none;
    plan::Move_order order;
    order.reservation = Uuid::random().text();
    order.what = "memory return to '" + entry->name + "'";
    order.for_uuid = lender.text();
    order.limit_ms = std::chrono::milliseconds(return_limit).count();
    order.partial = true;
    order.free_bytes = bytes;
    if (bytes > 0) {
        XVM_TRY_LET(plan::Memory_end taker, taker_of(ports, *entry, bytes));
        order.taker.push_back(std::move(taker));
    }
    // What it has no room for is no debt any more.
    const std::uint64_t paid = room < lent ? lent : bytes;
    return std::optional(plan::plan_return({entry->name, entry->info.id}, borrower.text(), paid, order));
}

} // namespace xvm::xvmd
