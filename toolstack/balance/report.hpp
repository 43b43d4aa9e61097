// SPDX-License-Identifier: Apache-2.0
// What a guest says of its own memory, in one node of the store (docs/protocols/memory.md):
//
//   1 <seq> <total_kib> <available_kib> <working_set_kib> <some_avg10> <full_avg10>
//
// decimal, single spaces; pressure in hundredths of a percent.
//
// Invariant: the guest is not believed. What parses is in range of its own kind and nothing more; whoever
// uses it clamps it to what the guest has (usage.hpp), so a lie costs others no more than the liar's maximum.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace xvm::balance {

struct Report {
    std::uint64_t seq = 0; ///< rises with every report; a guest that starts anew begins anew
    std::uint64_t total_bytes = 0;
    std::uint64_t available_bytes = 0;   ///< free, or free at once when asked for
    std::uint64_t working_set_bytes = 0; ///< what it used of late
    unsigned some_centipercent = 0;      ///< of the last ten seconds somebody waited for memory
    unsigned full_centipercent = 0;      ///< ... everybody did
    auto operator<=>(const Report&) const = default;
};

/// Nothing for anything that is not exactly of this form, or says more than 100 % or 2^40 KiB.
[[nodiscard]] std::optional<Report> parse_report(std::string_view text) noexcept;

} // namespace xvm::balance
