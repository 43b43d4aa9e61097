// SPDX-License-Identifier: Apache-2.0
#include "toolstack/plan/plan_life.hpp"

namespace xvm::plan {
namespace {

Plan about(const Guest_ref& guest, std::string verb) {
    return {std::move(verb), guest.name, guest.id.uuid, never, {}};
}

void add_destroy(Plan& plan, bool restart) {
    plan.commit_here();
    if (restart) plan.add("mark-restart", "mark-restart");
    // A guest is not asked: its front ends may be hung or hostile. With the domain gone, its backends let go
    // at once, and Xen can free the last of its pages only then.
    plan.add("close-devices", "close-devices");
    plan.add("kill-domain", "kill-domain");
    plan.add("await-closed", "await-closed");
    plan.add("release-store", "release-store");
    plan.add("await-end", "await-end");
    plan.add("remove-traces", "remove-traces");
    if (!restart) plan.add("forget-guest", "forget-guest");
}

} // namespace

Plan plan_pause(const Guest_ref& guest) {
    Plan plan = about(guest, "pause");
    plan.add("pause", "pause", "unpause");
    return plan;
}

Plan plan_unpause(const Guest_ref& guest) {
    Plan plan = about(guest, "unpause");
    plan.add("unpause", "unpause", "pause");
    return plan;
}

Plan plan_rename(const Guest_ref& guest, const std::string& name) {
    Plan plan = about(guest, "rename");
    plan.add("check-name", "check-name", {}, {{"name", name}});
    plan.add("rename", "rename", "rename-back", {{"from", guest.name}, {"to", name}});
    return plan;
}

Plan plan_destroy(const Guest_ref& guest, bool restart) {
    Plan plan = about(guest, "destroy");
    add_destroy(plan, restart);
    return plan;
}

Plan plan_stop(const Guest_ref& guest, Stop_request request, std::chrono::milliseconds limit, On_stop then) {
    const std::string how = request == Stop_request::poweroff ? "poweroff" : "reboot";
    Plan plan = about(guest, request == Stop_request::poweroff ? "shutdown" : "reboot");
    plan.add("ask-stop", "ask-stop", "take-back-stop", {{"how", how}});
    plan.add("await-stop", "await-stop", {}, {{"how", how}, {"limit_ms", limit.count()}});
    if (then == On_stop::preserve)
        plan.commit_here();
    else
        add_destroy(plan, then == On_stop::restart);
    return plan;
}

} // namespace xvm::plan
