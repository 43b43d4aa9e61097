// SPDX-License-Identifier: Apache-2.0
// When to look again: often while something is about, and never while nothing could come of it.
//
// Invariant: a host without guests that could give or get is looked at only when xvmd tells of a change.
#pragma once

#include "toolstack/balance/decide.hpp"

#include <optional>

namespace xvm::memd {

/// What the last look has shown.
struct Seen {
    bool lacking = false;      ///< somebody lacks memory
    bool changing = false;     ///< a report has changed since the look before
    std::size_t reporting = 0; ///< guests that say something of themselves
    std::size_t movable = 0;   ///< guests that could give or get
};

/// Of what a look has shown, beside the look before.
[[nodiscard]] Seen seen_in(const balance::World& world, const balance::World& before, bool lacking);

/// Nothing: not before something changes. Reports come once a second at most.
[[nodiscard]] std::optional<balance::Millis> next_look(const Seen& seen) noexcept;

} // namespace xvm::memd
