// SPDX-License-Identifier: Apache-2.0
// Runs steps in order; when one fails, takes back what was done, last first.
//
// Invariant: after a failure every step up to and with the failing one was undone, whatever other undos
// said. What could not be taken back is named in the error, whose fault is then `leftovers`.
#pragma once

#include "libvmshare/base/result.hpp"
#include "toolstack/plan/plan.hpp"

#include <functional>
#include <span>

namespace xvm::run {

class Executor {
  public:
    virtual ~Executor() = default;
    [[nodiscard]] virtual Status apply(const plan::Step& step) = 0;
    /// Also called for the step that failed, which may have done its work in part or not at all: undoing
    /// what is not there is no error.
    [[nodiscard]] virtual Status undo(const plan::Step& step) = 0;
};

enum class Phase : std::uint8_t { begin, done, failed, undone, stuck };

struct Hooks {
    /// Watches; may be empty.
    std::function<void(const plan::Step&, Phase)> progress;
    /// Called after a step did its work; an Error makes the step a failed one. For fault injection.
    std::function<Status(const plan::Step&)> after;
};

[[nodiscard]] Status run_steps(std::span<const plan::Step> steps, Executor& executor, const Hooks& hooks);

} // namespace xvm::run
