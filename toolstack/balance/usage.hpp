// SPDX-License-Identifier: Apache-2.0
// From what a guest says to what it needs: the one place where reports are believed, and how far.
//
// Invariant: min_bytes <= need <= max_bytes of the guest, whatever it says; a guest that says nothing
// of itself needs what its configuration gives it.
#pragma once

#include "toolstack/balance/world.hpp"

namespace xvm::balance {

/// What of the guest's memory is in use: what it has less what it says is available, at least its working
/// set, at most what it has. Memory that its own kernel does not count (memory_bytes − total) is in use.
[[nodiscard]] std::uint64_t used_bytes(const Guest_view& guest) noexcept;

/// At this much waiting a guest whose cushion is half gone lacks memory, whatever it says it uses.
inline constexpr unsigned pressed_centipercent = 10'00;
[[nodiscard]] bool is_pressed(const Guest_view& guest) noexcept;

/// Room beside what is in use, for what comes next: a sixteenth of it and 16 MiB.
[[nodiscard]] constexpr std::uint64_t cushion_bytes(std::uint64_t used) noexcept {
    return used / 16 + (16ULL << 20);
}

/// What cannot be taken of a guest without ending its programs, if it has no swap: all that it does not say
/// is available, and some room for what is on its way meanwhile. Of one that says nothing: nothing.
[[nodiscard]] std::uint64_t held_bytes(const Guest_view& guest) noexcept;

/// What it should have: what is in use and the cushion; a pressed guest an eighth more than it has. Within
/// its minimum and maximum.
[[nodiscard]] std::uint64_t need_bytes(const Guest_view& guest) noexcept;

} // namespace xvm::balance
