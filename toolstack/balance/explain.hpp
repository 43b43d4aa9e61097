// SPDX-License-Identifier: Apache-2.0
// Why a guest of some size would start now, or would not, in words for people.
//
// Invariant: it says what reclaim() does: `fits` and `takes` are its answer, not another computation.
#pragma once

#include "toolstack/balance/reclaim.hpp"

namespace xvm::balance {

enum class Fits : std::uint8_t {
    now,     ///< what is available is enough
    reclaim, ///< with memory that running guests give up
    no,      ///< not even then
};
[[nodiscard]] std::string_view name_of(Fits fits) noexcept; ///< "now"

struct Explanation {
    Fits fits = Fits::now;
    std::uint64_t wanted_bytes = 0;
    std::uint64_t available_bytes = 0;
    std::uint64_t lacking_bytes = 0;
    std::uint64_t reclaimable_bytes = 0;
    std::vector<Take> takes;        ///< who would give, when it takes that
    std::vector<std::string> lines; ///< the verdict first, then how it comes about
};

[[nodiscard]] Explanation explain(const World& world, std::uint64_t wanted_bytes);

} // namespace xvm::balance
