// SPDX-License-Identifier: Apache-2.0
// When to look again: often while something is about, and never while nothing could come of it.
//
// Invariant: while nobody lacks memory and no report changes, a host is looked at only when xvmd tells of a
// change or of a report.
#pragma once

#include "toolstack/balance/decide.hpp"

#include <algorithm>
#include <optional>

namespace xvm::memd {

/// A guest reports once in this time at most.
inline constexpr balance::Millis between_looks{1'000};

/// Whether a guest that could give or get says something else than at the look before.
[[nodiscard]] bool is_changing(const balance::World& world, const balance::World& before);

/// Nothing: not before xvmd tells of something. Who lacks may get as time passes, by itself.
[[nodiscard]] std::optional<balance::Millis> next_look(bool lacking, bool changing) noexcept;

/// How long to wait when a guest has reported: of many that report in turn, all are seen in one look.
[[nodiscard]] balance::Millis look_at_report(balance::Millis last_look, balance::Millis now) noexcept;

} // namespace xvm::memd
