// SPDX-License-Identifier: Apache-2.0
// From whom memory is taken, and how much, when somebody needs it: a new guest, or one that is to grow.
//
// Invariant: it succeeds if and only if reclaimable_bytes(world) >= bytes, so nobody is refused what could
// be had. What is taken leaves every guest its minimum, is a whole number of each guest's steps, and
// together is the least such amount that is enough (proved for steps that divide one another).
//
// Fair in two rounds: first what guests say they do not need, then, if that is too little, the rest down to
// their minimums. In each round a guest gives in proportion to what it has to give, and inversely to its
// weight: one of weight 200 gives half of what one of 100 gives.
#pragma once

#include "libvmshare/base/result.hpp"
#include "toolstack/balance/world.hpp"

#include <vector>

namespace xvm::balance {

struct Take {
    Uuid uuid;
    std::uint64_t bytes = 0;       ///< what it is to give; never 0
    std::uint64_t leave_bytes = 0; ///< what it then has
    bool idle = false;             ///< it has said that it does not need it
    bool operator==(const Take&) const = default;
};

/// Who gives `bytes`, in the order of world.guests; none for 0. exhausted: all that can be had is less.
[[nodiscard]] Result<std::vector<Take>> reclaim(const World& world, std::uint64_t bytes);

} // namespace xvm::balance
