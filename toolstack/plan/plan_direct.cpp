// SPDX-License-Identifier: Apache-2.0
#include "toolstack/plan/plan_direct.hpp"

#include "toolstack/plan/config_json.hpp"

namespace xvm::plan {
namespace json = boost::json;
namespace {

Plan plan_of(std::string verb, const Direct_end& about, const Direct_order& order) {
    Plan plan{std::move(verb),
              about.there() ? about.name : order.device,
              Uuid::parse(about.uuid).value_or(Uuid{}),
              never,
              {}};
    plan.add("check-direct", "check-device", {}, {{"order", to_object(order)}});
    return plan;
}

void add(Plan& plan, const Direct_order& order, std::string op, std::string name, std::string undo = {}) {
    plan.add(std::move(op), std::move(name), std::move(undo), {{"order", to_object(order)}});
}

} // namespace

Plan plan_direct_assign(const Direct_order& order) {
    Plan plan = plan_of("device assign", order.to, order);
    add(plan, order, "give-direct", "give-device", "take-back-device");
    add(plan, order, "take-direct", "take-device", "drop-device");
    add(plan, order, "run-direct", "run-device", "halt-device");
    return plan;
}

Plan plan_direct_release(const Direct_order& order) {
    Plan plan = plan_of("device release", order.from, order);
    if (order.from.there()) {
        add(plan, order, "stop-direct", "stop-device", "resume-device");
        add(plan, order, "cut-direct", "cut-device", "uncut-device");
        plan.commit_here();
        add(plan, order, "drop-direct", "drop-device");
    }
    add(plan, order, "settle-direct", "settle-device");
    return plan;
}

Plan plan_direct_move(const Direct_order& order) {
    Plan plan = plan_of("device move", order.from, order);
    add(plan, order, "prepare-direct", "prepare-target", "abandon-target");
    add(plan, order, "stop-direct", "stop-device", "resume-device");
    add(plan, order, "cut-direct", "cut-device", "uncut-device");
    add(plan, order, "verify-direct", "verify-target");
    plan.commit_here();
    add(plan, order, "flip-direct", "flip-pages");
    add(plan, order, "give-direct", "give-device");
    add(plan, order, "take-direct", "take-device");
    add(plan, order, "run-direct", "run-device");
    add(plan, order, "refill-direct", "refill-source");
    add(plan, order, "settle-direct", "settle-device");
    return plan;
}

} // namespace xvm::plan
