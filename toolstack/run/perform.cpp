// SPDX-License-Identifier: Apache-2.0
#include "toolstack/run/perform.hpp"

#include "toolstack/run/ops.hpp"

namespace xvm::run {

Result<Domain_id> perform(Ports& ports, const plan::Plan& plan, const Hooks& hooks,
                          std::optional<Domid> domid) {
    Work work(ports, plan);
    work.go_on = hooks.go_on;
    work.moved = hooks.moved;
    if (domid) work.set_domid(*domid);
    Ops_executor executor(work);
    std::optional<Journal_entry> entry;
    if (ports.journal != nullptr) {
        auto begun = ports.journal->begin(plan);
        if (!begun) return tl::unexpected<Error>(std::move(begun.error()));
        entry.emplace(std::move(*begun));
        if (domid) XVM_TRY(entry->write({0, false, domid}));
    }
    XVM_TRY(run_plan(plan, executor, entry ? &*entry : nullptr, hooks));
    return Domain_id{work.known_domid().value_or(Domid{}), plan.uuid};
}

Status rehearse(Ports& ports, const plan::Plan& plan) {
    Work work(ports, plan);
    Ops_executor executor(work);
    for (const plan::Step& step : plan.steps) {
        const bool harmless = step.op.starts_with("check-") || step.op.starts_with("load-");
        if (!harmless || !step.undo.empty()) break;
        XVM_TRY(executor.apply(step));
    }
    return {};
}

Result<std::vector<Recovered>> recover(Ports& ports, std::vector<Error>& damaged) {
    std::vector<Recovered> all;
    if (ports.journal == nullptr) return all;
    XVM_TRY_LET(auto left, ports.journal->unfinished(damaged));
    for (Unfinished& one : left) {
        Work work(ports, one.plan);
        if (one.progress.domid) work.set_domid(*one.progress.domid);
        // It may have been made after the last word of the journal.
        XVM_TRY(work.alive());
        Ops_executor executor(work);
        XVM_TRY_LET(Journal_entry entry, Journal::resume(one));
        Status outcome = recover_plan(one.plan, one.progress, executor, &entry, {});
        const bool finished = !one.progress.undoing && one.progress.step >= one.plan.commit;
        all.push_back({std::move(one.plan), finished, std::move(outcome)});
    }
    return all;
}

} // namespace xvm::run
