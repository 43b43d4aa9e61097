// SPDX-License-Identifier: Apache-2.0
#include "toolstack/plan/plan_move.hpp"

#include "toolstack/plan/config_json.hpp"

namespace xvm::plan {
namespace json = boost::json;
namespace {

constexpr std::uint64_t mebibyte = 1ULL << 20;

json::object order_args(const Move_order& order) {
    return {{"order", to_object(order)}};
}

void add_reserve(Plan& plan, const Move_order& order) {
    plan.add("reserve-memory", "reserve-memory", "release-memory", order_args(order));
}

/// The givers begin; what takes it back takes back all that follows from it, too.
void add_ask(Plan& plan, const Move_order& order) {
    plan.add("ask-memory", "ask-memory", "give-memory-back", order_args(order));
}

void add_pass(Plan& plan, const Move_order& order) {
    plan.add("pass-memory", "pass-memory", {}, order_args(order));
}

void add_release(Plan& plan, const Move_order& order) {
    plan.add("release-memory", "drop-reservation", {}, order_args(order));
}

} // namespace

std::uint64_t memory_overhead_bytes(const Guest_config& guest) noexcept {
    constexpr std::uint64_t tables_per_mebibyte = 8ULL << 10;
    if (guest.type == Guest_type::pv) return mebibyte;
    return mebibyte + guest.vcpus * mebibyte + guest.memory_max_bytes / mebibyte * tables_per_mebibyte;
}

Plan plan_move(const Guest_ref& about, const Move_order& order) {
    Plan plan{"memory move", about.name, about.id.uuid, never, {}};
    add_reserve(plan, order);
    add_ask(plan, order);
    add_pass(plan, order);
    plan.commit_here();
    add_release(plan, order);
    return plan;
}

Plan reclaiming(Plan create, const Move_order& order) {
    Plan plan{create.verb, create.name, create.uuid, create.commit, {}};
    bool released = false;
    for (Step& step : create.steps) {
        // Its memory is not free yet: the reservation is what is checked instead.
        if (step.op == "check-host") step.args["memory_bytes"] = 0;
        if (step.op == "load-images") {
            add_reserve(plan, order);
            add_ask(plan, order);
        }
        if (step.op == "build") add_pass(plan, order);
        if (step.op == "unpause") add_release(plan, order);
        released = released || step.op == "unpause";
        const bool built = step.op == "build";
        plan.steps.push_back(std::move(step));
        if (built) plan.add("note-loan", "note-loan", "forget-loan", order_args(order));
    }
    if (!released) add_release(plan, order);
    return plan;
}

Plan plan_return(const Guest_ref& lender, const std::string& borrower_uuid, std::uint64_t paid_bytes,
                 const Move_order& order) {
    Plan plan{"memory return", lender.name, lender.id.uuid, never, {}};
    add_reserve(plan, order);
    if (!order.taker.empty()) add_pass(plan, order);
    plan.commit_here();
    json::object args = order_args(order);
    args["borrower"] = borrower_uuid;
    args["paid_bytes"] = paid_bytes;
    plan.add("repay-loan", "repay-loan", {}, std::move(args));
    add_release(plan, order);
    return plan;
}

} // namespace xvm::plan
