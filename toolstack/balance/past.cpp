// SPDX-License-Identifier: Apache-2.0
// What the policy remembers of each guest.
#include "toolstack/balance/decide.hpp"
#include "toolstack/balance/usage.hpp"

#include <algorithm>
#include <cmath>

namespace xvm::balance {
namespace {

constexpr Millis peak_half_life{30'000};
constexpr Millis left_alone_at_first{15'000};
constexpr Millis growth_lasts{3'000};
constexpr std::uint64_t growth_bytes = 4ULL << 20; ///< less is a wave
/// A guest says something within a second of a change that matters, and it takes a moment to get here.
constexpr Millis report_due{2'500};
constexpr unsigned strikes_max = 6; ///< sixteen minutes

} // namespace

void Past::observe(const World& world, Millis now) {
    for (auto it = guests_.begin(); it != guests_.end();)
        it = find(world, it->first) == nullptr ? guests_.erase(it) : std::next(it);
    for (const Guest_view& guest : world.guests) {
        if (guest.movable != Movable::yes && !guest.report) continue; // nobody asks it in a move
        const std::uint64_t used = used_bytes(guest);
        const auto [it, is_new] =
            guests_.try_emplace(guest.uuid, Seen{used, used, now, {}, guest.memory_bytes, 0, {}, 0, {}});
        Seen& seen = it->second;
        const double passed = static_cast<double>(std::max(Millis(0), now - seen.at).count());
        const double kept = std::exp2(-passed / static_cast<double>(peak_half_life.count()));
        const std::uint64_t above = seen.peak_bytes > used ? seen.peak_bytes - used : 0;
        seen.peak_bytes = used + static_cast<std::uint64_t>(static_cast<double>(above) * kept);
        seen.at = now;
        if (used >= seen.used_bytes + growth_bytes) seen.growing_until = now + growth_lasts;
        seen.used_bytes = used;
        if (seen.memory_bytes != guest.memory_bytes && guest.report) {
            seen.said = guest.report->seq;
            seen.outdated_until = now + report_due;
        }
        seen.memory_bytes = guest.memory_bytes;
    }
}

void Past::gave(const Uuid& uuid, std::uint64_t asked_bytes, std::uint64_t given_bytes, Millis now) {
    Seen& seen = guests_[uuid];
    // Crumbs are no progress: a guest that gives a page every five seconds is stuck.
    if (given_bytes >= asked_bytes - asked_bytes / 8) {
        seen.strikes = 0;
        seen.left_alone_until = {};
        return;
    }
    seen.left_alone_until = now + left_alone_at_first * (1U << std::min(seen.strikes, strikes_max));
    ++seen.strikes;
}

std::uint64_t Past::peak_bytes(const Guest_view& guest) const {
    const auto found = guests_.find(guest.uuid);
    return std::max(used_bytes(guest), found == guests_.end() ? 0 : found->second.peak_bytes);
}

bool Past::is_growing(const Uuid& uuid, Millis now) const {
    const auto found = guests_.find(uuid);
    return found != guests_.end() && found->second.growing_until > now;
}

bool Past::is_outdated(const Guest_view& guest, Millis now) const {
    const auto found = guests_.find(guest.uuid);
    return found != guests_.end() && guest.report && found->second.said == guest.report->seq &&
           found->second.outdated_until > now;
}

bool Past::is_stuck(const Uuid& uuid, Millis now) const {
    const auto found = guests_.find(uuid);
    return found != guests_.end() && found->second.left_alone_until > now;
}

} // namespace xvm::balance
