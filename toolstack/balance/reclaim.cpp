// SPDX-License-Identifier: Apache-2.0
#include "toolstack/balance/reclaim.hpp"

#include "toolstack/balance/usage.hpp"

#include <algorithm>
#include <numeric>

namespace xvm::balance {
namespace {

struct Giver {
    const Guest_view* guest = nullptr;
    std::uint64_t most = 0; ///< whole steps
    std::uint64_t idle = 0; ///< of that, what it says it does not need
    std::uint64_t gives = 0;

    [[nodiscard]] std::uint64_t step() const { return guest->step_bytes; }
};

std::string mebibytes(std::uint64_t bytes) {
    return std::to_string((bytes + (1 << 20) - 1) >> 20) + "MiB";
}

std::vector<Giver> givers_of(const World& world) {
    std::vector<Giver> givers;
    for (const Guest_view& guest : world.guests) {
        const std::uint64_t most = reclaimable_bytes(guest);
        if (most == 0) continue;
        const std::uint64_t need = need_bytes(guest);
        const std::uint64_t idle = guest.memory_bytes > need ? guest.memory_bytes - need : 0;
        givers.push_back({&guest, most, std::min(most, idle), 0});
    }
    return givers;
}

/// Spreads `bytes` over what each has (`room`, up to which it gives), in proportion to room / weight. Each
/// share is rounded down to whole steps, so the sum may be short by less than a step a giver.
template <class Room>
void spread(std::vector<Giver>& givers, std::uint64_t bytes, Room room) {
    struct Open {
        Giver* giver;
        double room;
        double weight;
    };
    std::vector<Open> open;
    for (Giver& giver : givers)
        if (const std::uint64_t has = room(giver); has > 0)
            open.push_back({&giver, static_cast<double>(has),
                            static_cast<double>(std::clamp(giver.guest->weight, 1U, weight_max))});
    // The level at which a giver is dry is its weight: the light ones run dry first.
    std::sort(open.begin(), open.end(), [](const Open& a, const Open& b) { return a.weight < b.weight; });
    double left = static_cast<double>(bytes);
    double flow = 0;
    for (const Open& one : open)
        flow += one.room / one.weight;
    for (const Open& one : open) {
        const double level = flow > 0 ? left / flow : 0;
        const double share = std::min(one.room, level * one.room / one.weight);
        left -= share;
        flow -= one.room / one.weight;
        one.giver->gives += std::min(static_cast<std::uint64_t>(one.room), static_cast<std::uint64_t>(share));
    }
    for (Giver& giver : givers)
        giver.gives = giver.gives / giver.step() * giver.step();
}

std::uint64_t given(const std::vector<Giver>& givers) {
    return std::accumulate(givers.begin(), givers.end(), std::uint64_t{0},
                           [](std::uint64_t sum, const Giver& giver) { return sum + giver.gives; });
}

/// Makes up for the rounding: what lacks comes in the smallest steps there are, and if a large one had to be
/// taken, small ones stay where they were.
void settle(std::vector<Giver>& givers, std::uint64_t bytes) {
    std::vector<Giver*> fine;
    for (Giver& giver : givers)
        fine.push_back(&giver);
    std::stable_sort(fine.begin(), fine.end(), [](const Giver* a, const Giver* b) {
        if (a->step() != b->step()) return a->step() < b->step();
        return a->guest->weight < b->guest->weight;
    });
    std::uint64_t sum = given(givers);
    for (Giver* giver : fine) {
        if (sum >= bytes) break;
        const std::uint64_t steps = (bytes - sum + giver->step() - 1) / giver->step();
        const std::uint64_t more = std::min(giver->most - giver->gives, steps * giver->step());
        giver->gives += more;
        sum += more;
    }
    for (auto it = fine.rbegin(); it != fine.rend() && sum > bytes; ++it) {
        const std::uint64_t less = std::min((*it)->gives, (sum - bytes) / (*it)->step() * (*it)->step());
        (*it)->gives -= less;
        sum -= less;
    }
}

} // namespace

Result<std::vector<Take>> reclaim(const World& world, std::uint64_t bytes) {
    const std::uint64_t most = reclaimable_bytes(world);
    if (most < bytes)
        return fail(Fault::exhausted, "memory",
                    mebibytes(bytes) + " would have to be taken from guests, and they can give " +
                        mebibytes(most),
                    "end a guest, or lower the minimum of one: 'xvm memory explain' tells who has what");
    std::vector<Giver> givers = givers_of(world);
    const std::uint64_t idle =
        std::accumulate(givers.begin(), givers.end(), std::uint64_t{0},
                        [](std::uint64_t sum, const Giver& giver) { return sum + giver.idle; });
    spread(givers, std::min(bytes, idle), [](const Giver& giver) { return giver.idle; });
    if (bytes > idle)
        spread(givers, bytes - given(givers), [](const Giver& giver) { return giver.most - giver.gives; });
    settle(givers, bytes);
    std::vector<Take> takes;
    for (const Giver& giver : givers)
        if (giver.gives > 0)
            takes.push_back({giver.guest->uuid, giver.gives, giver.guest->memory_bytes - giver.gives,
                             giver.gives <= giver.idle});
    return takes;
}

} // namespace xvm::balance
