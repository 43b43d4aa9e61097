// SPDX-License-Identifier: Apache-2.0
// Sizes of memory as people write them: "256MiB", "1GiB". The unit is never left to guess.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace xvm::plan {

/// Bytes of a whole number and KiB, MiB, GiB or TiB, with or without a space between; nothing otherwise,
/// also when it does not fit 63 bits.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text) noexcept;

/// In the largest unit that gives a whole number: "256MiB", "1GiB", "100B".
[[nodiscard]] std::string size_text(std::uint64_t bytes);

/// Milliseconds of a whole number and ms, s, m or h ("30s"); nothing otherwise, also above ten years.
[[nodiscard]] std::optional<std::uint64_t> parse_duration(std::string_view text) noexcept;

} // namespace xvm::plan
