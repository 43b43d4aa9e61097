// SPDX-License-Identifier: Apache-2.0
// Runs a plan's steps in order; when one fails before the plan's commit, takes back what was done, last
// first. From the commit on it presses on: every step left is done, and what failed is told at the end.
//
// Invariant: before the commit, after a failure every step up to and with the failing one was undone,
// whatever other undos said. What could not be taken back is named in the error, whose fault is then
// `leftovers`. The journal, if there is one, says of each step that it begins before it does.
#pragma once

#include "libvmshare/base/result.hpp"
#include "toolstack/plan/plan.hpp"
#include "toolstack/run/journal.hpp"

#include <functional>

namespace xvm::run {

class Executor {
  public:
    virtual ~Executor() = default;
    [[nodiscard]] virtual Status apply(const plan::Step& step) = 0;
    /// Also called for the step that failed, which may have done its work in part or not at all: undoing
    /// what is not there is no error.
    [[nodiscard]] virtual Status undo(const plan::Step& step) = 0;
    /// The guest's number, once there is one; for the journal.
    [[nodiscard]] virtual std::optional<Domid> domid() const { return {}; }
};

enum class Phase : std::uint8_t { begin, done, failed, undone, stuck };

struct Hooks {
    /// Watches; may be empty.
    std::function<void(const plan::Step&, Phase)> progress;
    /// Asked before each step until the commit, and by steps that wait: an Error takes everything back.
    std::function<Status()> go_on;
    /// Told now and then by a step that moves a guest's memory: how much so far. Any thread; may be empty.
    std::function<void(std::uint64_t bytes)> moved;
    /// Called after a step did its work; an Error makes the step a failed one. For fault injection.
    std::function<Status(const plan::Step&)> after;
};

/// How often a step is tried where there is no way back.
inline constexpr int attempts_max = 3;

/// `entry`: null for a plan that needs no journal.
[[nodiscard]] Status run_plan(const plan::Plan& plan, Executor& executor, Journal_entry* entry,
                              const Hooks& hooks);

/// Goes on where an earlier run was cut off: from the commit on forwards, before it backwards.
[[nodiscard]] Status recover_plan(const plan::Plan& plan, const Progress& progress, Executor& executor,
                                  Journal_entry* entry, const Hooks& hooks);

} // namespace xvm::run
