// SPDX-License-Identifier: Apache-2.0
#include "toolstack/balance/decide.hpp"

#include "toolstack/balance/usage.hpp"

#include <algorithm>
#include <array>
#include <numeric>

namespace xvm::balance {
namespace {

constexpr std::uint64_t crumb = 4ULL << 20;      ///< less is moved only for one who waits for memory
constexpr std::uint64_t move_max = 512ULL << 20; ///< its guests are in no other move meanwhile

constexpr std::uint64_t above(std::uint64_t a, std::uint64_t b) {
    return a > b ? a - b : 0;
}

struct Side {
    const Guest_view* guest = nullptr;
    std::uint64_t lacks = 0;  ///< what it should get
    std::uint64_t idle = 0;   ///< what it can spare
    std::uint64_t beyond = 0; ///< what it has beyond its share, and does not hold
    bool is_low = false;      ///< whether or not anybody can give it anything
    bool presses = false;
    bool in_move = false;
};

/// How far one has to be below its share before anything moves: half a cushion.
std::uint64_t gap_of(std::uint64_t share) {
    return std::max(cushion_bytes(share) / 2, std::uint64_t{4} << 20);
}

/// As far from `from` to `to` as `part` is of `whole`.
std::uint64_t between(std::uint64_t from, std::uint64_t to, std::uint64_t part, std::uint64_t whole) {
    return from + static_cast<std::uint64_t>(static_cast<double>(to - from) * static_cast<double>(part) /
                                             static_cast<double>(whole));
}

/// What each guest should have: its high; if there is not enough for that, its need and an equal part of the
/// way from there, or its low and a part of the way to its need; if not even that, its fair share of the
/// lows.
std::vector<std::uint64_t> shares_of(const World& world, const Past& past, std::vector<Levels>& levels,
                                     Millis now) {
    std::vector<Claim> claims;
    std::uint64_t pool = available_bytes(world), lows = 0, needs = 0, highs = 0;
    for (std::size_t i = 0; i < world.guests.size(); ++i) {
        const Guest_view& guest = world.guests[i];
        std::uint64_t floor = std::min(guest.min_bytes, guest.memory_bytes);
        if (guest.movable != Movable::yes) {
            floor = guest.memory_bytes;
            levels[i] = {floor, floor, floor, floor};
        } else if (past.is_stuck(guest.uuid, now)) { // it gives nothing, but it may get
            floor = guest.memory_bytes;
            levels[i].low = std::max(levels[i].low, floor);
            levels[i].need = std::max(levels[i].need, floor);
            levels[i].high = std::max(levels[i].high, floor);
        }
        claims.push_back({floor, levels[i].low, guest.weight});
        pool += guest.memory_bytes;
        lows += levels[i].low;
        needs += levels[i].need;
        highs += levels[i].high;
    }
    if (lows >= pool) return fair_shares(claims, pool);
    std::vector<std::uint64_t> shares;
    for (const Levels& level : levels)
        shares.push_back(pool >= highs   ? level.high
                         : pool >= needs ? between(level.need, level.high, pool - needs, highs - needs)
                                         : between(level.low, level.need, pool - lows, needs - lows));
    return shares;
}

std::vector<Side> sides_of(const World& world, const Past& past, Millis now) {
    std::vector<Levels> levels;
    for (const Guest_view& guest : world.guests)
        levels.push_back(levels_of(guest, past.peak_bytes(guest)));
    const std::vector<std::uint64_t> shares = shares_of(world, past, levels, now);
    std::vector<Side> sides;
    for (std::size_t i = 0; i < world.guests.size(); ++i) {
        const Guest_view& guest = world.guests[i];
        Side side{&guest};
        const bool is_known = !past.is_outdated(guest, now);
        const bool lacks =
            guest.memory_bytes < levels[i].low && guest.memory_bytes + gap_of(shares[i]) < shares[i];
        if (guest.movable == Movable::yes && lacks && is_known)
            side.lacks = std::min(growable_bytes(guest), above(shares[i], guest.memory_bytes));
        if (!past.is_stuck(guest.uuid, now) && is_known) {
            const std::uint64_t most = reclaimable_bytes(guest);
            side.idle = std::min(most, above(guest.memory_bytes, levels[i].keep));
            if (!past.is_growing(guest.uuid, now))
                side.beyond =
                    std::min(most, above(guest.memory_bytes, std::max(shares[i], held_bytes(guest))));
        }
        side.is_low = guest.memory_bytes < levels[i].low && growable_bytes(guest) > 0;
        side.presses = is_pressed(guest);
        sides.push_back(side);
    }
    return sides;
}

class Round {
  public:
    Round(const World& world, std::vector<Side> sides)
        : sides_(std::move(sides)), available_(available_bytes(world)) {}

    std::vector<Move> moves() {
        std::vector<Side*> lacking;
        for (Side& side : sides_)
            if (side.lacks > 0) lacking.push_back(&side);
        std::stable_sort(lacking.begin(), lacking.end(), [](const Side* a, const Side* b) {
            if (a->presses != b->presses) return a->presses;
            return part(*a) > part(*b);
        });
        for (Side* side : lacking)
            give(*side);
        return std::move(moves_);
    }

  private:
    /// How much of what it should have it lacks.
    static double part(const Side& side) {
        return static_cast<double>(side.lacks) / static_cast<double>(side.guest->memory_bytes + side.lacks);
    }

    void give(Side& to) {
        if (to.in_move) return;
        const std::uint64_t step = to.guest->step_bytes;
        std::uint64_t lacks = (to.lacks + step - 1) / step * step;
        lacks =
            std::min({lacks, growable_bytes(*to.guest), std::max(move_max / step, std::uint64_t{1}) * step});
        const std::uint64_t least = to.presses ? step : std::min(lacks, std::max(step, crumb));
        const Reason reason = to.presses         ? Reason::presses
                              : to.guest->report ? Reason::lacks
                                                 : Reason::returns;
        if (const std::uint64_t free = std::min(lacks, available_) / step * step; free >= least) {
            add(nullptr, &to, free, reason);
            available_ -= free;
            return;
        }
        if (reason == Reason::returns) return; // of what is free only
        collect(to, lacks, least, reason, [](Side& side) -> std::uint64_t& { return side.idle; });
        collect(to, lacks, least, Reason::share, [](Side& side) -> std::uint64_t& { return side.beyond; });
    }

    /// From those who have most. The first gives to `to` itself; what others give is made free for it at the
    /// same time, and is given out next time.
    template <class Has>
    void collect(Side& to, std::uint64_t& lacks, std::uint64_t least, Reason reason, Has has) {
        while (lacks > 0) {
            Side* most = nullptr;
            for (Side& side : sides_)
                if (!side.in_move && side.lacks == 0 && &side != &to && has(side) > 0 &&
                    (most == nullptr || has(side) > has(*most)))
                    most = &side;
            if (most == nullptr) return;
            const std::uint64_t step = std::max(most->guest->step_bytes, to.guest->step_bytes);
            const std::uint64_t bytes = std::min(lacks, has(*most)) / step * step;
            if (bytes < std::max(std::min(least, lacks), step)) return;
            add(most, to.in_move ? nullptr : &to, bytes, reason);
            lacks -= std::min(lacks, bytes);
        }
    }

    void add(Side* from, Side* to, std::uint64_t bytes, Reason reason) {
        Move move;
        move.bytes = bytes;
        move.reason = reason;
        if (from != nullptr) {
            move.from = from->guest->uuid;
            from->in_move = true;
        }
        if (to != nullptr) {
            move.to = to->guest->uuid;
            to->in_move = true;
        }
        moves_.push_back(move);
    }

    std::vector<Side> sides_;
    std::uint64_t available_;
    std::vector<Move> moves_;
};

} // namespace

std::string_view name_of(Reason reason) noexcept {
    constexpr std::array<std::string_view, 4> names{"lacks", "presses", "share", "returns"};
    return names.at(static_cast<std::size_t>(reason));
}

Levels levels_of(const Guest_view& guest, std::uint64_t peak_bytes) noexcept {
    const std::uint64_t most = std::max(guest.min_bytes, guest.max_bytes);
    const auto within = [&](std::uint64_t bytes) { return std::clamp(bytes, guest.min_bytes, most); };
    if (!guest.report) {
        const std::uint64_t home = need_bytes(guest);
        return {home, home, home, within(home + cushion_bytes(home) / 2)};
    }
    const std::uint64_t used = used_bytes(guest), peak = std::max(used, peak_bytes);
    Levels levels;
    levels.low = within(used + cushion_bytes(used) / 2);
    levels.need = need_bytes(guest);
    levels.high = std::max(within(peak + cushion_bytes(peak)), levels.need);
    if (is_pressed(guest)) levels.low = levels.need = levels.high;
    levels.keep = within(levels.high + cushion_bytes(peak) / 2);
    return levels;
}

std::vector<std::uint64_t> fair_shares(const std::vector<Claim>& claims, std::uint64_t pool) {
    const auto share_at = [](const Claim& claim, double level) {
        const double share = std::min(level * std::clamp(claim.weight, 1U, weight_max), 0x1p62);
        return std::clamp(static_cast<std::uint64_t>(share), std::min(claim.floor, claim.want), claim.want);
    };
    const auto sum_at = [&](double level) {
        return std::accumulate(
            claims.begin(), claims.end(), std::uint64_t{0},
            [&](std::uint64_t sum, const Claim& claim) { return sum + share_at(claim, level); });
    };
    // The level of the water, found by halving: the higher it is, the more do all have together.
    double low = 0, high = static_cast<double>(pool);
    if (sum_at(high) <= pool) low = high;
    for (int round = 0; round < 64 && low < high; ++round) {
        const double middle = (low + high) / 2;
        (sum_at(middle) <= pool ? low : high) = middle;
    }
    std::vector<std::uint64_t> shares;
    for (const Claim& claim : claims)
        shares.push_back(share_at(claim, low));
    return shares;
}

std::vector<Move> decide(const World& world, const Past& past, Millis now) {
    return Round(world, sides_of(world, past, now)).moves();
}

bool is_anybody_lacking(const World& world, const Past& past, Millis now) {
    const std::vector<Side> sides = sides_of(world, past, now);
    return std::any_of(sides.begin(), sides.end(), [](const Side& side) { return side.is_low; });
}

} // namespace xvm::balance
