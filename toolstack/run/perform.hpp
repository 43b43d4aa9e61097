// SPDX-License-Identifier: Apache-2.0
// Plans carried out: with their journal, and again after an xvmd that died.
#pragma once

#include "toolstack/run/engine.hpp"
#include "toolstack/run/work.hpp"

namespace xvm::run {

/// Runs the plan; `domid`: of the guest, for a plan about one that is there. The domain's id, when it has
/// (had) one. After an error nothing of what was to be made is left, but for what Fault::leftovers names.
[[nodiscard]] Result<Domain_id> perform(Ports& ports, const plan::Plan& plan, const Hooks& hooks = {},
                                        std::optional<Domid> domid = {});

/// Does of the plan what changes nothing: the checks and loads at its beginning. Whether it would be refused.
[[nodiscard]] Status rehearse(Ports& ports, const plan::Plan& plan);

/// What became of a plan that was cut off.
struct Recovered {
    plan::Plan plan;
    bool finished = false; ///< or else: undone
    Status outcome;
};

/// Finishes or undoes what the journal holds. To be called before anything else changes guests.
[[nodiscard]] Result<std::vector<Recovered>> recover(Ports& ports, std::vector<Error>& damaged);

} // namespace xvm::run
