// SPDX-License-Identifier: Apache-2.0
#include "toolstack/run/engine.hpp"

namespace xvm::run {
namespace {

/// Again while it fails: what happens once may pass. A wait that was in vain, or what is held, does not.
template <class Action>
Status persistently(Action action) {
    for (int attempt = 1;; ++attempt) {
        Status done = action();
        if (done || attempt == attempts_max) return done;
        if (done.error().fault == Fault::timeout || done.error().fault == Fault::leftovers) return done;
    }
}

class Run {
  public:
    Run(const plan::Plan& plan, Executor& executor, Journal_entry* entry, const Hooks& hooks)
        : plan_(plan), executor_(executor), entry_(entry), hooks_(hooks) {}

    Status forwards(std::size_t first);
    /// Undoes step `last` and all before it; the causes of those that could not be, in words.
    std::string backwards(std::size_t last);
    [[nodiscard]] Error with_leftovers(Error error, const std::string& stuck) const;

  private:
    void tell(const plan::Step& step, Phase phase) const {
        if (hooks_.progress) hooks_.progress(step, phase);
    }
    Status note(std::size_t step, bool undoing) {
        return entry_ != nullptr ? entry_->write({step, undoing, executor_.domid()}) : Status{};
    }
    Status apply_one(std::size_t index);

    const plan::Plan& plan_;
    Executor& executor_;
    Journal_entry* entry_;
    const Hooks& hooks_;
};

Status Run::apply_one(std::size_t index) {
    const plan::Step& step = plan_.steps[index];
    if (index < plan_.commit && hooks_.go_on) XVM_TRY(hooks_.go_on());
    // The first line of a new journal says step 0 already.
    if (index > 0) XVM_TRY(note(index, false));
    const auto apply = [&] { return executor_.apply(step); };
    XVM_TRY(index < plan_.commit ? apply() : persistently(apply));
    return hooks_.after ? hooks_.after(step) : Status{};
}

Status Run::forwards(std::size_t first) {
    std::optional<Error> trouble; // after the commit
    for (std::size_t i = first; i < plan_.steps.size(); ++i) {
        tell(plan_.steps[i], Phase::begin);
        Status applied = apply_one(i);
        tell(plan_.steps[i], applied ? Phase::done : Phase::failed);
        if (applied) continue;
        if (i < plan_.commit)
            return tl::unexpected<Error>(with_leftovers(std::move(applied.error()), backwards(i)));
        if (!trouble)
            trouble = std::move(applied.error());
        else
            trouble->cause += " (and: " + applied.error().line() + ")";
    }
    if (!trouble) return {};
    if (entry_ != nullptr) entry_->keep(); // the next xvmd tries again
    return tl::unexpected<Error>(std::move(*trouble));
}

std::string Run::backwards(std::size_t last) {
    std::string stuck;
    for (std::size_t i = last + 1; i-- > 0;) {
        const plan::Step& step = plan_.steps[i];
        if (step.undo.empty()) continue;
        Status undone = note(i, true);
        if (undone) undone = persistently([&] { return executor_.undo(step); });
        tell(step, undone ? Phase::undone : Phase::stuck);
        if (!undone) stuck += (stuck.empty() ? "" : ", ") + undone.error().line();
    }
    return stuck;
}

Error Run::with_leftovers(Error error, const std::string& stuck) const {
    if (stuck.empty()) return error;
    if (entry_ != nullptr) entry_->keep();
    error.fault = Fault::leftovers;
    error.cause += " (and what was done could not be undone: " + stuck + ")";
    error.remedy = "see 'xvm list', and 'xvm destroy' what is left";
    return error;
}

} // namespace

Status run_plan(const plan::Plan& plan, Executor& executor, Journal_entry* entry, const Hooks& hooks) {
    return Run(plan, executor, entry, hooks).forwards(0);
}

Status recover_plan(const plan::Plan& plan, const Progress& progress, Executor& executor,
                    Journal_entry* entry, const Hooks& hooks) {
    Run run(plan, executor, entry, hooks);
    if (!progress.undoing && progress.step >= plan.commit) return run.forwards(progress.step);
    const std::string stuck = run.backwards(progress.step);
    if (stuck.empty()) return {};
    return tl::unexpected<Error>(run.with_leftovers(
        {Fault::failed, plan.verb + " '" + plan.name + "'", "was cut off when xvmd ended", {}}, stuck));
}

} // namespace xvm::run
