// SPDX-License-Identifier: Apache-2.0
// Who may give memory and who may get it: from what is known of a guest to the end of a move.
#pragma once

#include "toolstack/plan/plan_move.hpp"
#include "toolstack/run/inventory.hpp"

namespace xvm::xvmd {

/// The guest as it is, to give `bytes`. exhausted: it would have less than its minimum; busy: it does not
/// run; usage: not a whole number of what its engine moves.
[[nodiscard]] Result<plan::Memory_end> giver_of(run::Ports& ports, const run::Domain_entry& guest,
                                                std::uint64_t bytes);
/// To get them. exhausted: it would have more than its maximum.
[[nodiscard]] Result<plan::Memory_end> taker_of(run::Ports& ports, const run::Domain_entry& guest,
                                                std::uint64_t bytes);

} // namespace xvm::xvmd
