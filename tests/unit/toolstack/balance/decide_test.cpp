// SPDX-License-Identifier: Apache-2.0
// The invariants of decide(), in random worlds whose guests' needs stay the same while it works.
#include "tests/unit/toolstack/balance/worlds.hpp"
#include "toolstack/balance/decide.hpp"
#include "toolstack/balance/usage.hpp"

#include <catch2/catch.hpp>
#include <functional>
#include <map>
#include <set>

using namespace xvm;
using namespace xvm::balance;
using namespace xvm::balance::test;

namespace {

using Decider = std::function<std::vector<Move>(const World&, const Past&, Millis)>;

struct Made {
    World world;
    std::vector<std::uint64_t> needs; ///< the truth
};

Made random_world(Random& random) {
    Made made;
    const std::size_t count = pick(random, 2, 8);
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint64_t max = pick(random, 256, 4096), memory = max * pick(random, 30, 100) / 100;
        Guest_view view = guest(i, memory, std::max<std::uint64_t>(32, memory / 4), max);
        view.home_bytes = view.memory_bytes;
        if (pick(random, 0, 3) == 0) view.weight = static_cast<unsigned>(pick(random, 10, 1000));
        if (pick(random, 0, 5) == 0) view.step_bytes = 128 * mib;
        if (pick(random, 0, 7) == 0) view.movable = static_cast<Movable>(pick(random, 1, 8));
        made.needs.push_back(
            pick(random, 0, 9) == 0 ? 0 : max * pick(random, 5, 100) / 100 * mib); // 0: it is silent
        made.world.total_bytes += view.memory_bytes;
        made.world.guests.push_back(view);
    }
    made.world.free_bytes = pick(random, 0, 1) == 0 ? 0 : pick(random, 0, 1024) * mib;
    made.world.total_bytes += made.world.free_bytes;
    made.world.host_reserve_bytes = pick(random, 0, 64) * mib;
    made.world.promised_bytes = pick(random, 0, 2) == 0 ? pick(random, 0, 200) * mib : 0;
    return made;
}

void report(Made& made) {
    for (std::size_t i = 0; i < made.needs.size(); ++i) {
        Guest_view& view = made.world.guests[i];
        if (made.needs[i] == 0) continue;
        const std::uint64_t used = std::min(made.needs[i], view.memory_bytes);
        view.report = Report{
            1, view.memory_bytes, view.memory_bytes - used, used, used < made.needs[i] ? 50'00U : 0U, 0};
    }
}

/// Checks one decision, and carries it out.
void apply(World& world, const std::vector<Move>& moves, std::map<Uuid, std::vector<int>>& directions) {
    const std::uint64_t available = available_bytes(world);
    std::uint64_t from_free = 0;
    std::set<Uuid> seen;
    for (const Move& move : moves) {
        REQUIRE(move.bytes > 0);
        REQUIRE((move.from || move.to));
        for (const auto& [end, sign] : {std::pair(move.from, -1), std::pair(move.to, 1)}) {
            if (!end) continue;
            REQUIRE(seen.insert(*end).second); // one move at a time
            const auto view = std::find_if(world.guests.begin(), world.guests.end(),
                                           [&](const Guest_view& one) { return one.uuid == *end; });
            REQUIRE(view != world.guests.end());
            REQUIRE(view->movable == Movable::yes);
            REQUIRE(move.bytes % view->step_bytes == 0);
            view->memory_bytes += sign < 0 ? -move.bytes : move.bytes;
            if (sign < 0) REQUIRE(view->memory_bytes >= view->min_bytes);
            if (sign > 0) REQUIRE(view->memory_bytes <= view->max_bytes);
            std::vector<int>& past = directions[*end];
            if (past.empty() || past.back() != sign) past.push_back(sign);
        }
        if (!move.from) {
            from_free += move.bytes;
            world.free_bytes -= move.bytes;
        }
        if (!move.to) world.free_bytes += move.bytes;
    }
    REQUIRE(from_free <= available); // reserve and promises are left
}

struct Course {
    int last_round = -1; ///< in which something moved
    std::size_t directions_most = 0;
    std::uint64_t moved = 0;
};

Course run(Made made, const Decider& decider, int rounds,
           const std::function<void(Made&, int)>& disturb = {}) {
    Past past;
    Course course;
    std::map<Uuid, std::vector<int>> directions;
    for (int round = 0; round < rounds; ++round) {
        if (disturb) disturb(made, round);
        report(made);
        const Millis now(round * 1000);
        past.observe(made.world, now);
        const std::vector<Move> moves = decider(made.world, past, now);
        apply(made.world, moves, directions);
        for (const Move& move : moves)
            course.moved += move.bytes;
        if (!moves.empty()) course.last_round = round;
        std::uint64_t sum = made.world.free_bytes;
        for (const Guest_view& view : made.world.guests)
            sum += view.memory_bytes;
        REQUIRE(sum == made.world.total_bytes);
    }
    for (const auto& [uuid, past_directions] : directions)
        course.directions_most = std::max(course.directions_most, past_directions.size());
    return course;
}

/// A twin: who has most to spare gives half of what it has more to who has least, whenever that is a step.
std::vector<Move> without_hysteresis(const World& world, const Past&, Millis) {
    const Guest_view *rich = nullptr, *poor = nullptr;
    const auto spare = [](const Guest_view& view) {
        return static_cast<std::int64_t>(view.memory_bytes) - static_cast<std::int64_t>(used_bytes(view));
    };
    for (const Guest_view& view : world.guests) {
        if (view.movable != Movable::yes || view.step_bytes > mib) continue;
        if (reclaimable_bytes(view) > 0 && (rich == nullptr || spare(view) > spare(*rich))) rich = &view;
        if (growable_bytes(view) > 0 && (poor == nullptr || spare(view) < spare(*poor))) poor = &view;
    }
    if (rich == nullptr || poor == nullptr || rich == poor) return {};
    const std::uint64_t bytes = std::min({static_cast<std::uint64_t>(spare(*rich) - spare(*poor)) / 2,
                                          reclaimable_bytes(*rich), growable_bytes(*poor)}) /
                                mib * mib;
    if (bytes == 0) return {};
    return {Move{rich->uuid, poor->uuid, bytes, Reason::lacks}};
}

/// Needs that go up and down by a fiftieth all the time.
void waves(Made& made, int round) {
    for (std::size_t i = 0; i < made.needs.size(); ++i) {
        const std::uint64_t wave = made.needs[i] / 50;
        if ((round + static_cast<int>(i)) % 2 == 0)
            made.needs[i] += wave;
        else
            made.needs[i] -= std::min(made.needs[i], wave);
    }
}

} // namespace

TEST_CASE("while needs stay the same it comes to rest, and nobody turns more than twice", "[balance]") {
    Random random(21);
    for (int round = 0; round < 400; ++round) {
        CAPTURE(round);
        const Course course = run(random_world(random), decide, 400);
        CHECK(course.last_round < 300);
        CHECK(course.directions_most <= 3);
    }
}

TEST_CASE("small waves move next to nothing; a twin without hysteresis never rests", "[balance]") {
    Random random(22);
    std::uint64_t ours = 0, twins = 0;
    int restless = 0;
    for (int round = 0; round < 60; ++round) {
        const Made made = random_world(random);
        ours += run(made, decide, 300, waves).moved;
        const Course twin = run(made, without_hysteresis, 300, waves);
        twins += twin.moved;
        restless += twin.directions_most > 20;
    }
    CHECK(ours * 3 < twins);
    CHECK(restless > 30);
}

TEST_CASE("nothing moves unless somebody lacks", "[balance]") {
    World world;
    world.free_bytes = 1024 * mib;
    world.guests = {saying(guest(1, 1024, 64, 2048), 200), saying(guest(2, 256, 64, 2048), 200)};
    Past past;
    past.observe(world, Millis(0));
    CHECK(decide(world, past, Millis(0)).empty());
    CHECK_FALSE(is_anybody_lacking(world, past, Millis(0)));
}

TEST_CASE("who lacks gets what is free, and then what others do not use, directly", "[balance]") {
    World world;
    world.guests = {saying(guest(1, 1024, 64, 2048), 200), saying(guest(2, 256, 64, 2048), 256, 30'00)};
    Past past;
    past.observe(world, Millis(0));
    CHECK(decide(world, past, Millis(0)) ==
          std::vector{Move{uuid_of(1), uuid_of(2), 32 * mib, Reason::presses}});
    world.free_bytes = 100 * mib;
    CHECK(decide(world, past, Millis(0)) ==
          std::vector{Move{std::nullopt, uuid_of(2), 32 * mib, Reason::presses}});
    world.host_reserve_bytes = 90 * mib;
    CHECK(decide(world, past, Millis(0)).front().bytes == 10 * mib);
}

TEST_CASE("who lacks memory does not wait until another's peak is forgotten", "[balance]") {
    World world;
    world.guests = {saying(guest(1, 158, 64, 224), 150), saying(guest(2, 174, 64, 224), 166)};
    Past past;
    past.observe(world, Millis(0));
    world.guests[0] = saying(guest(1, 158, 64, 224), 98);
    past.observe(world, Millis(1000));
    const auto moves = decide(world, past, Millis(1000));
    REQUIRE(moves.size() == 1);
    CHECK(moves[0].to == uuid_of(2));
    CHECK(174 * mib + moves[0].bytes >= levels_of(world.guests[1], 0).low);
    CHECK(158 * mib - moves[0].bytes >= levels_of(world.guests[0], 0).need);
}

TEST_CASE("what a guest said before it gave is not what it has to give now", "[balance]") {
    World world;
    world.guests = {saying(guest(1, 158, 64, 224), 90), saying(guest(2, 150, 64, 224), 146)};
    Past past;
    past.observe(world, Millis(0));
    const auto moves = decide(world, past, Millis(0));
    REQUIRE(moves.size() == 1);
    world.guests[0].memory_bytes -= moves[0].bytes; // and what it said still stands there
    world.guests[1] = saying(guest(2, 150, 64, 224), 149);
    world.guests[1].memory_bytes += mib; // not all has arrived
    world.guests[1].report->seq = 7;
    past.observe(world, Millis(200));
    CHECK(past.is_outdated(world.guests[0], Millis(200)));
    CHECK(decide(world, past, Millis(200)).empty());
    CHECK_FALSE(past.is_outdated(world.guests[0], Millis(2700))); // what it would say is next to the same
    world.guests[0].report->seq += 1;
    CHECK_FALSE(past.is_outdated(world.guests[0], Millis(200)));
}

TEST_CASE("what a guest holds is not taken for another's share; a cache of files is", "[balance]") {
    World world;
    world.guests = {saying(guest(1, 512, 64, 1024), 510), saying(guest(2, 128, 64, 1024), 127, 50'00)};
    Past past;
    past.observe(world, Millis(0));
    CHECK(decide(world, past, Millis(0)).empty());
    world.guests[0].report->available_bytes = 200 * mib; // it works with files that it could read again
    const auto moves = decide(world, past, Millis(0));
    REQUIRE(moves.size() == 1);
    CHECK(moves[0].reason == Reason::share);
    CHECK(512 * mib - moves[0].bytes >= held_bytes(world.guests[0]));
}

TEST_CASE("a liar gets what others do not use, and no more than its share of what they do", "[balance]") {
    Made made;
    for (std::size_t i = 0; i < 3; ++i)
        made.world.guests.push_back(guest(i, 1000, 100, 3000));
    made.world.total_bytes = 3000 * mib;
    made.needs = {3000 * mib, 900 * mib, 900 * mib};
    Past past;
    std::map<Uuid, std::vector<int>> directions;
    for (int round = 0; round < 200; ++round) {
        report(made);
        past.observe(made.world, Millis(round * 1000));
        apply(made.world, decide(made.world, past, Millis(round * 1000)), directions);
    }
    CHECK(made.world.guests[0].memory_bytes <= 1200 * mib);
    CHECK(made.world.guests[1].memory_bytes >= 900 * mib);
    CHECK(made.world.guests[2].memory_bytes >= 900 * mib);
}

TEST_CASE("who does not give is left alone, each time twice as long, and may still get", "[balance]") {
    World world;
    world.guests = {saying(guest(1, 1024, 64, 2048), 200), saying(guest(2, 256, 64, 2048), 256, 30'00)};
    Past past;
    past.observe(world, Millis(0));
    past.gave(uuid_of(1), 32 * mib, mib, Millis(0));
    CHECK(past.is_stuck(uuid_of(1), Millis(14'999)));
    CHECK_FALSE(past.is_stuck(uuid_of(1), Millis(15'000)));
    CHECK(decide(world, past, Millis(1)).empty());
    CHECK(is_anybody_lacking(world, past, Millis(1)));
    past.gave(uuid_of(1), 32 * mib, mib, Millis(15'000));
    CHECK(past.is_stuck(uuid_of(1), Millis(44'999)));
    past.gave(uuid_of(1), 32 * mib, 32 * mib, Millis(45'000));
    CHECK_FALSE(past.is_stuck(uuid_of(1), Millis(45'001)));
    past.gave(uuid_of(2), 32 * mib, mib, Millis(45'000));
    CHECK(decide(world, past, Millis(45'001)).size() == 1);
}

TEST_CASE("a stock guest gets back from what is free what its configuration gives it", "[balance]") {
    World world;
    world.guests = {guest(1, 128, 64, 512), saying(guest(2, 512, 64, 512), 100)};
    world.guests[0].home_bytes = 256 * mib;
    Past past;
    past.observe(world, Millis(0));
    CHECK(decide(world, past, Millis(0)).empty());
    world.free_bytes = 300 * mib;
    CHECK(decide(world, past, Millis(0)) ==
          std::vector{Move{std::nullopt, uuid_of(1), 128 * mib, Reason::returns}});
}

TEST_CASE("shares are by weight, and what one does not want is the others'", "[balance]") {
    CHECK(fair_shares({{0, 1000, 100}, {0, 1000, 300}}, 800) == std::vector<std::uint64_t>{200, 600});
    CHECK(fair_shares({{0, 100, 100}, {0, 1000, 100}}, 800) == std::vector<std::uint64_t>{100, 700});
    CHECK(fair_shares({{400, 1000, 100}, {0, 1000, 300}}, 800) == std::vector<std::uint64_t>{400, 400});
    CHECK(fair_shares({{0, 100, 100}, {0, 200, 100}}, 800) == std::vector<std::uint64_t>{100, 200});
}
