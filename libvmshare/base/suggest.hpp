// SPDX-License-Identifier: Apache-2.0
// "Did you mean": the nearest of the names that are known.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace xvm {

/// Damerau-Levenshtein distance (optimal string alignment), in edits; bytes, case counts.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The known name nearest to `name`, if it is near enough to be a slip of the hand: at most a third of
/// its length, and at most 3 edits. The first of equals.
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view name,
                                                      std::span<const std::string_view> known);

} // namespace xvm
