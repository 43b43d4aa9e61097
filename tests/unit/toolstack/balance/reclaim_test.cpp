// SPDX-License-Identifier: Apache-2.0
// The bound that reclaim() is held against is found by enumerating every way in which guests could give.
#include "tests/unit/toolstack/balance/worlds.hpp"
#include "toolstack/balance/reclaim.hpp"

#include <catch2/catch.hpp>
#include <set>

using namespace xvm;
using namespace xvm::balance;
using namespace xvm::balance::test;

namespace {

std::uint64_t sum_of(const std::vector<Take>& takes) {
    std::uint64_t sum = 0;
    for (const Take& take : takes)
        sum += take.bytes;
    return sum;
}

/// Every sum that these guests can give, each any number of its steps down to its minimum.
std::set<std::uint64_t> possible_sums(const World& world) {
    std::set<std::uint64_t> sums{0};
    for (const Guest_view& guest : world.guests) {
        if (guest.movable != Movable::yes) continue;
        std::set<std::uint64_t> more = sums;
        for (const std::uint64_t sum : sums)
            for (std::uint64_t leaves = guest.memory_bytes, gives = 0; leaves >= guest.min_bytes;
                 leaves -= guest.step_bytes, gives += guest.step_bytes) {
                more.insert(sum + gives);
                if (leaves < guest.step_bytes) break;
            }
        sums = std::move(more);
    }
    return sums;
}

World random_world(Random& random) {
    World world;
    const std::size_t count = pick(random, 1, 5);
    for (std::size_t i = 0; i < count; ++i) {
        constexpr std::uint64_t steps[] = {1, 1, 1, 8, 128};
        const std::uint64_t step = steps[pick(random, 0, 4)];
        const std::uint64_t min = pick(random, 32, 200),
                            memory = min + pick(random, 0, 3 * 128) - pick(random, 0, 20);
        Guest_view view = guest(i, memory, min, memory + pick(random, 0, 200));
        view.step_bytes = step * mib;
        view.weight = static_cast<unsigned>(pick(random, 0, 3) == 0 ? pick(random, 1, weight_max) : 100);
        view.movable = pick(random, 0, 4) == 0 ? static_cast<Movable>(pick(random, 1, 8)) : Movable::yes;
        if (pick(random, 0, 1) == 0) view = saying(view, pick(random, 0, memory));
        world.guests.push_back(std::move(view));
    }
    return world;
}

/// A twin: what each gives is its share, rounded down, and nobody makes up for the rest.
std::uint64_t given_by_share_alone(const World& world, std::uint64_t bytes) {
    const std::uint64_t most = reclaimable_bytes(world);
    std::uint64_t sum = 0;
    for (const Guest_view& guest : world.guests)
        if (most > 0)
            sum +=
                bytes * (reclaimable_bytes(guest) >> 20) / (most >> 20) / guest.step_bytes * guest.step_bytes;
    return sum;
}

} // namespace

TEST_CASE("nobody is refused what could be had, and no more is taken than has to be", "[balance][bound]") {
    Random random(11);
    int refused = 0, twin_short = 0;
    constexpr int cases = 1000;
    for (int round = 0; round < cases; ++round) {
        const World world = random_world(random);
        const std::set<std::uint64_t> sums = possible_sums(world);
        const std::uint64_t most = *sums.rbegin();
        REQUIRE(reclaimable_bytes(world) == most);
        // As much as there is, and a byte more, are tried often.
        const std::uint64_t bytes = pick(random, 0, 4) == 0   ? most
                                    : pick(random, 0, 4) == 0 ? most + 1
                                                              : pick(random, 0, most + most / 4);
        const auto takes = reclaim(world, bytes);
        CAPTURE(round, bytes, most);
        REQUIRE(takes.has_value() == (most >= bytes));
        if (!takes) {
            CHECK(takes.error().fault == Fault::exhausted);
            ++refused;
            continue;
        }
        REQUIRE(sum_of(*takes) == *sums.lower_bound(bytes));
        for (const Take& take : *takes) {
            const Guest_view* guest = find(world, take.uuid);
            REQUIRE(guest != nullptr);
            REQUIRE(guest->movable == Movable::yes);
            REQUIRE(take.bytes > 0);
            REQUIRE(take.bytes % guest->step_bytes == 0);
            REQUIRE(take.leave_bytes == guest->memory_bytes - take.bytes);
            REQUIRE(take.leave_bytes >= guest->min_bytes);
        }
        twin_short += given_by_share_alone(world, bytes) < bytes;
    }
    CHECK(refused > cases / 10);
    CHECK(twin_short > cases / 10); // the twin is caught by the bound
}

TEST_CASE("what guests say they do not need is taken first", "[balance]") {
    World world;
    world.guests = {saying(guest(1, 512, 64, 1024), 128), saying(guest(2, 512, 64, 1024), 480)};
    const auto takes = reclaim(world, 300 * mib);
    REQUIRE(takes);
    CHECK(*takes == std::vector{Take{uuid_of(1), 300 * mib, 212 * mib, true}});
    const auto more = reclaim(world, 400 * mib);
    REQUIRE(more);
    REQUIRE(more->size() == 2);
    CHECK((*more)[0].bytes > (*more)[1].bytes);
}

TEST_CASE("guests of equal weight give in proportion to what they have above their minimum", "[balance]") {
    World world;
    world.guests = {guest(1, 164, 64, 1024), guest(2, 364, 64, 1024)};
    const auto takes = reclaim(world, 200 * mib);
    REQUIRE(takes);
    REQUIRE(takes->size() == 2);
    CHECK((*takes)[0].bytes == 50 * mib);
    CHECK((*takes)[1].bytes == 150 * mib);
}

TEST_CASE("a guest of twice the weight gives half as much", "[balance]") {
    World world;
    world.guests = {guest(1, 464, 64, 1024), guest(2, 464, 64, 1024)};
    world.guests[0].weight = 200;
    const auto takes = reclaim(world, 300 * mib);
    REQUIRE(takes);
    REQUIRE(takes->size() == 2);
    CHECK((*takes)[0].bytes == 100 * mib);
    CHECK((*takes)[1].bytes == 200 * mib);
}

TEST_CASE("who cannot answer, or is not to be touched, gives nothing", "[balance]") {
    for (int why = 1; why <= 8; ++why) {
        World world;
        world.guests = {guest(1, 512, 64, 1024)};
        world.guests[0].movable = static_cast<Movable>(why);
        CHECK(reclaimable_bytes(world) == 0);
        CHECK(growable_bytes(world.guests[0]) == 0);
        CHECK_FALSE(reclaim(world, 1));
        CHECK_FALSE(words_of(world.guests[0].movable).empty());
        CHECK_FALSE(name_of(world.guests[0].movable).empty());
    }
}

TEST_CASE("the host's reserve and what is promised are not available", "[balance]") {
    World world;
    world.free_bytes = 100 * mib;
    world.host_reserve_bytes = 20 * mib;
    world.promised_bytes = 30 * mib;
    CHECK(available_bytes(world) == 50 * mib);
    CHECK(lacking_bytes(world, 40 * mib) == 0);
    CHECK(lacking_bytes(world, 80 * mib) == 30 * mib);
    world.promised_bytes = 90 * mib;
    CHECK(available_bytes(world) == 0);
}
