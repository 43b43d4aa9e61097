// SPDX-License-Identifier: Apache-2.0
// The memory of a host at one instant, as the balance policy sees it: a value, put together by whoever asks
// (xvmd from Xen and the store, a simulator from its own world).
//
// Invariant: nothing here looks at a clock or at the world; the same World gives the same answers. Every
// amount that may be taken of a guest leaves it its minimum, and is a whole number of its steps.
#pragma once

#include "libvmshare/base/ids.hpp"
#include "toolstack/balance/report.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xvm::balance {

/// Whether a guest's memory may be changed, and if not, why.
enum class Movable : std::uint8_t {
    yes,
    busy,       ///< another operation is at it
    stuck,      ///< it does not do what it is asked
    paused,     ///< it could not answer
    saved,      ///< suspended, or stopped for another reason
    dying,      ///< it ends
    building,   ///< it is not yet there as a whole
    host,       ///< dom0
    no_balloon, ///< nothing in it that gives memory, or nobody knows its configuration
};
[[nodiscard]] std::string_view name_of(Movable movable) noexcept;  ///< "no_balloon", for programs
[[nodiscard]] std::string_view words_of(Movable movable) noexcept; ///< "nothing in it gives memory"

inline constexpr unsigned usual_weight = 100, weight_max = 10'000;

struct Guest_view {
    Uuid uuid;
    std::string name;
    std::uint64_t memory_bytes = 0; ///< what it has, by Xen
    std::uint64_t target_bytes = 0; ///< what it is asked to have
    std::uint64_t min_bytes = 0;    ///< nobody takes it below
    std::uint64_t max_bytes = 0;    ///< nobody gives it more
    std::uint64_t home_bytes = 0;   ///< what its configuration gives it; 0: nobody knows
    unsigned weight = usual_weight; ///< 1 … weight_max: its share when there is too little for all
    std::optional<Report> report;   ///< nothing: it says nothing of itself
    Movable movable = Movable::yes;
    std::uint64_t step_bytes = 1ULL << 20; ///< it gives and takes whole ones of these
};

struct World {
    std::uint64_t total_bytes = 0;
    std::uint64_t free_bytes = 0;         ///< by Xen
    std::uint64_t host_reserve_bytes = 0; ///< stays free
    std::uint64_t promised_bytes = 0;     ///< of what is free, to operations and to guests that grow
    std::vector<Guest_view> guests;
};

/// What is free and promised to nobody.
[[nodiscard]] std::uint64_t available_bytes(const World& world) noexcept;

/// What can be taken of this guest at most: down to its minimum, in whole steps; 0 if it is not movable.
[[nodiscard]] std::uint64_t reclaimable_bytes(const Guest_view& guest) noexcept;
/// Of all.
[[nodiscard]] std::uint64_t reclaimable_bytes(const World& world) noexcept;
/// What it can be given at most.
[[nodiscard]] std::uint64_t growable_bytes(const Guest_view& guest) noexcept;

/// What somebody who wants `bytes` lacks beside what is available.
[[nodiscard]] std::uint64_t lacking_bytes(const World& world, std::uint64_t bytes) noexcept;

[[nodiscard]] const Guest_view* find(const World& world, const Uuid& uuid) noexcept;

} // namespace xvm::balance
