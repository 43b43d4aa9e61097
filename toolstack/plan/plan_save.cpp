// SPDX-License-Identifier: Apache-2.0
#include "toolstack/plan/plan_save.hpp"

#include "toolstack/plan/config_json.hpp"
#include "toolstack/plan/plan_create.hpp"

namespace xvm::plan {
namespace json = boost::json;

Plan plan_save(const Guest_ref& guest, const Guest_config& config, const Save_order& order) {
    Plan plan{"save", guest.name, guest.id.uuid, never, {}};
    // Whatever can be refused without disturbing the guest is refused first.
    plan.add("check-save", "check-save", {}, {{"path", order.path}, {"replace", order.replace}});
    plan.add("suspend", "suspend", "let-go-on", {{"limit_ms", order.limit.count()}});
    plan.add("write-saved", "write-saved", "discard-saved",
             {{"path", order.path},
              {"save", order.save},
              {"version", order.version},
              {"guest", to_object(config)}});
    plan.add("publish-saved", "publish-saved", "discard-published",
             {{"path", order.path}, {"save", order.save}, {"replace", order.replace}});
    plan.commit_here();
    if (order.running) {
        plan.add("go-on", "go-on");
        return plan;
    }
    for (Step& step : plan_destroy(guest).steps)
        plan.steps.push_back(std::move(step));
    return plan;
}

Plan plan_restore(const Guest_config& guest, const Uuid& uuid, const Restore_order& order) {
    Plan plan{"restore", guest.name, uuid, never, {}};
    const json::object file{{"path", order.path}};
    for (Step& step : plan_create(guest, uuid, order.paused).steps) {
        if (step.op == "load-images") {
            plan.add("check-saved", "check-saved", {}, file);
            continue;
        }
        if (step.op == "build") {
            plan.add("restore-memory", "restore-memory", {}, file);
            continue;
        }
        // The file says what it was asked for last, which may have been by others than its user.
        if (step.op == "ask-vcpus") continue;
        if (step.op == "set-memory") step.args["to_bytes"] = order.target_bytes;
        const bool nodes_written = step.op == "write-guest";
        // It has to hold what the guest had, which may be more than what it started with.
        if (step.op == "check-host" && order.memory_bytes > guest.memory_bytes)
            step.args["memory_bytes"] = order.memory_bytes;
        plan.steps.push_back(std::move(step));
        if (nodes_written)
            plan.add("ask-as-before", "ask-as-before", {},
                     {{"target_bytes", order.target_bytes},
                      {"vcpus", guest.vcpus},
                      {"offline", json::value_from(order.offline)},
                      {"offers", json::value_from(order.offers)}});
    }
    return plan;
}

} // namespace xvm::plan
