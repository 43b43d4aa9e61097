// SPDX-License-Identifier: Apache-2.0
#include "toolstack/run/engine.hpp"

namespace xvm::run {
namespace {

void tell(const Hooks& hooks, const plan::Step& step, Phase phase) {
    if (hooks.progress) hooks.progress(step, phase);
}

Status apply_one(const plan::Step& step, Executor& executor, const Hooks& hooks) {
    XVM_TRY(executor.apply(step));
    return hooks.after ? hooks.after(step) : Status{};
}

/// Undoes `done`, last first; the causes of those that could not be, in words.
std::string undo_all(std::span<const plan::Step> done, Executor& executor, const Hooks& hooks) {
    std::string stuck;
    for (std::size_t i = done.size(); i-- > 0;) {
        if (done[i].undo.empty()) continue;
        const Status undone = executor.undo(done[i]);
        tell(hooks, done[i], undone ? Phase::undone : Phase::stuck);
        if (!undone) stuck += (stuck.empty() ? "" : ", ") + undone.error().line();
    }
    return stuck;
}

} // namespace

Status run_steps(std::span<const plan::Step> steps, Executor& executor, const Hooks& hooks) {
    for (std::size_t i = 0; i < steps.size(); ++i) {
        tell(hooks, steps[i], Phase::begin);
        Status applied = apply_one(steps[i], executor, hooks);
        tell(hooks, steps[i], applied ? Phase::done : Phase::failed);
        if (applied) continue;
        Error error = std::move(applied.error());
        if (const std::string stuck = undo_all(steps.first(i + 1), executor, hooks); !stuck.empty()) {
            error.fault = Fault::leftovers;
            error.cause += " (and what was done could not be undone: " + stuck + ")";
            error.remedy = "see 'xvm list', and 'xvm destroy' what is left";
        }
        return tl::unexpected<Error>(std::move(error));
    }
    return {};
}

} // namespace xvm::run
