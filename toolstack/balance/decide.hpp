// SPDX-License-Identifier: Apache-2.0
// Which memory moves now, so that who lacks it gets what others do not use: the policy of xvm-memd.
//
// Everything is level against level, so that it comes to rest. Of each guest, with `used` what it uses and
// `peak` what it used at the most of late (it falls by half in half a minute):
//
//   low  = used + half a cushion     below it the guest lacks memory
//   need = used + a cushion          it is filled up to this before anybody has more
//   high = peak + a cushion          then up to this; it may need it again
//   keep = high + half a cushion     what it has above this it can spare
//
// If all highs, or all needs, are more than there is, each has an equal part of the way there. If even all
// lows are, each has its fair share of them: by weight, from its minimum on, nobody more while another of
// that weight has less (max-min). But what a guest holds, and cannot give without ending programs, is not
// taken for another.
//
// Invariants, while no report changes (tests/unit/toolstack/balance/decide_test.cpp, each with a twin):
// - it comes to rest: low < high < keep, so who was filled does not give and who gave does not lack. Nothing
//   moves unless somebody lacks, and no guest changes more than twice between giving and getting.
// - a move is no more than what its taker lacks, rounded up to a step of it.
// - minimum and maximum hold for every guest, and the host's reserve and promises are not touched.
// - a guest is in one move at a time; one that is not movable is in none.
// - a guest that does not give what it is asked for is left alone, each time twice as long.
#pragma once

#include "toolstack/balance/world.hpp"

#include <chrono>
#include <map>
#include <vector>

namespace xvm::balance {

using Millis = std::chrono::milliseconds;

enum class Reason : std::uint8_t {
    lacks,   ///< it uses nearly all it has, and another has what it does not use
    presses, ///< it waits for memory
    share,   ///< there is too little for all highs, and the giver has more than its share
    returns, ///< it says nothing of itself, and has less than its configuration gives it
};
[[nodiscard]] std::string_view name_of(Reason reason) noexcept;

struct Move {
    std::optional<Uuid> from; ///< nothing: what is free
    std::optional<Uuid> to;   ///< nothing: it is made free, for one who gets from several
    std::uint64_t bytes = 0;
    Reason reason = Reason::lacks;
    bool operator==(const Move&) const = default;
};

/// What the policy remembers from one decision to the next. A new one knows nothing and decides soundly.
class Past {
  public:
    /// Adds what the world shows at `now`; forgets guests that are gone. Before each decision.
    void observe(const World& world, Millis now);
    /// How it went: the guest was asked to give, and gave this much.
    void gave(const Uuid& uuid, std::uint64_t asked_bytes, std::uint64_t given_bytes, Millis now);

    [[nodiscard]] std::uint64_t peak_bytes(const Guest_view& guest) const;
    /// It uses more from look to look: what it said last is less than what it uses by now.
    [[nodiscard]] bool is_growing(const Uuid& uuid, Millis now) const;
    /// Its memory has changed since it said something, a moment ago: what it said is of what it had then, and
    /// what it gave would look as if it were still there to give.
    [[nodiscard]] bool is_outdated(const Guest_view& guest, Millis now) const;
    /// It has not given what it was asked for, lately.
    [[nodiscard]] bool is_stuck(const Uuid& uuid, Millis now) const;

  private:
    struct Seen {
        std::uint64_t peak_bytes = 0;
        std::uint64_t used_bytes = 0;
        Millis at{};
        Millis growing_until{};
        std::uint64_t memory_bytes = 0;
        std::uint64_t said = 0; ///< the serial of its report when its memory was last seen to change
        Millis outdated_until{};
        unsigned strikes = 0;
        Millis left_alone_until{};
    };
    std::map<Uuid, Seen> guests_;
};

struct Levels {
    std::uint64_t low = 0, need = 0, high = 0, keep = 0;
};
[[nodiscard]] Levels levels_of(const Guest_view& guest, std::uint64_t peak_bytes) noexcept;

/// What one may claim of what there is.
struct Claim {
    std::uint64_t floor = 0; ///< it keeps this in any case
    std::uint64_t want = 0;  ///< and has use for no more than this
    unsigned weight = usual_weight;
};
/// What each has of `pool`: its want, if there is enough for all; otherwise the weighted max-min share
/// between its floor and its want.
[[nodiscard]] std::vector<std::uint64_t> fair_shares(const std::vector<Claim>& claims, std::uint64_t pool);

/// What moves now; nothing if all is well. The most urgent first.
[[nodiscard]] std::vector<Move> decide(const World& world, const Past& past, Millis now);

/// Whether somebody lacks memory that decide() would give him if it could: then time alone may change what
/// it says (a peak falls, one who was left alone may be asked again).
[[nodiscard]] bool is_anybody_lacking(const World& world, const Past& past, Millis now);

} // namespace xvm::balance
