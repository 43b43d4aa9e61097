// SPDX-License-Identifier: Apache-2.0
#include "toolstack/balance/world.hpp"

#include <algorithm>
#include <array>
#include <numeric>

namespace xvm::balance {
namespace {

struct Words {
    std::string_view name;
    std::string_view words;
};
constexpr std::array<Words, 9> all_words{{
    {"yes", "its memory may be changed"},
    {"busy", "another operation is at it"},
    {"stuck", "it does not do what it is asked"},
    {"paused", "it is paused"},
    {"saved", "it is suspended or has stopped"},
    {"dying", "it is ending"},
    {"building", "it is being made"},
    {"host", "it is the host's own"},
    {"no_balloon", "nothing in it gives memory"},
}};

constexpr std::uint64_t above(std::uint64_t a, std::uint64_t b) {
    return a > b ? a - b : 0;
}
constexpr std::uint64_t whole_steps(std::uint64_t bytes, std::uint64_t step) {
    return step == 0 ? 0 : bytes / step * step;
}

} // namespace

std::string_view name_of(Movable movable) noexcept {
    return all_words.at(static_cast<std::size_t>(movable)).name;
}
std::string_view words_of(Movable movable) noexcept {
    return all_words.at(static_cast<std::size_t>(movable)).words;
}

std::uint64_t available_bytes(const World& world) noexcept {
    return above(above(world.free_bytes, world.host_reserve_bytes), world.promised_bytes);
}

std::uint64_t reclaimable_bytes(const Guest_view& guest) noexcept {
    if (guest.movable != Movable::yes) return 0;
    return whole_steps(above(guest.memory_bytes, guest.min_bytes), guest.step_bytes);
}

std::uint64_t reclaimable_bytes(const World& world) noexcept {
    return std::accumulate(
        world.guests.begin(), world.guests.end(), std::uint64_t{0},
        [](std::uint64_t sum, const Guest_view& guest) { return sum + reclaimable_bytes(guest); });
}

std::uint64_t growable_bytes(const Guest_view& guest) noexcept {
    if (guest.movable != Movable::yes) return 0;
    return whole_steps(above(guest.max_bytes, guest.memory_bytes), guest.step_bytes);
}

std::uint64_t lacking_bytes(const World& world, std::uint64_t bytes) noexcept {
    return above(bytes, available_bytes(world));
}

const Guest_view* find(const World& world, const Uuid& uuid) noexcept {
    const auto found = std::find_if(world.guests.begin(), world.guests.end(),
                                    [&](const Guest_view& guest) { return guest.uuid == uuid; });
    return found == world.guests.end() ? nullptr : &*found;
}

} // namespace xvm::balance
