// SPDX-License-Identifier: Apache-2.0
// A world for balance policies, made from a seed: a host, its guests, what each needs over time, who comes
// and goes.
//
// Invariant: a scenario says what happens, never what a policy does about it; the same seed is the same
// scenario for every policy.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace xvm::sim {

inline constexpr std::uint64_t mib = 1ULL << 20;

/// How a guest behaves towards whoever asks it for memory.
enum class Kind : std::uint8_t {
    honest,
    silent, ///< a stock guest: it says nothing of itself, and does what it is asked
    slow,   ///< it gives at a tenth of the usual rate
    stuck,  ///< it gives nothing
    liar,   ///< it says that it uses all it may ever have, and waits for more
};

/// From here on the need goes in a line to the next point.
struct Need_point {
    std::int64_t at_ms = 0;
    std::uint64_t bytes = 0;
};

struct Guest_spec {
    Kind kind = Kind::honest;
    std::uint64_t min_bytes = 0, size_bytes = 0, max_bytes = 0; ///< it starts with size_bytes
    std::int64_t born_ms = 0;                                   ///< when somebody wants to start it
    std::int64_t ends_ms = 0;
    std::optional<std::pair<std::int64_t, std::int64_t>> paused; ///< from, until
    std::vector<Need_point> needs; ///< rising times, the first at or before born_ms

    [[nodiscard]] std::uint64_t need_at(std::int64_t ms) const;
};

struct Scenario {
    std::uint64_t seed = 0;
    std::uint64_t total_bytes = 0; ///< of guests and what is free; the host's own is beside it
    std::int64_t duration_ms = 0;
    std::vector<Guest_spec> guests;
};

[[nodiscard]] Scenario make_scenario(std::uint64_t seed);

} // namespace xvm::sim
