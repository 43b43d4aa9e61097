// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/policy.hpp"

#include <catch2/catch.hpp>

using namespace xvm;
using namespace xvm::sim;

namespace {

Metrics sum_of(const std::function<std::unique_ptr<Policy>()>& make, std::uint64_t worlds) {
    Metrics sum;
    for (std::uint64_t seed = 1; seed <= worlds; ++seed) {
        const Metrics one = play(make_scenario(seed), *make());
        sum.unmet_byte_s += one.unmet_byte_s;
        sum.moved_bytes += one.moved_bytes;
        sum.starved_s += one.starved_s;
        sum.below_min += one.below_min;
        sum.turns += one.turns;
    }
    return sum;
}

/// A twin that evens out what guests have to spare, whenever it differs.
std::vector<balance::Move> restless(const balance::World& world, const balance::Past&, balance::Millis) {
    const balance::Guest_view *rich = nullptr, *poor = nullptr;
    const auto spare = [](const balance::Guest_view& view) {
        return static_cast<std::int64_t>(view.report ? view.report->available_bytes : 0);
    };
    for (const balance::Guest_view& view : world.guests) {
        if (reclaimable_bytes(view) > 0 && (rich == nullptr || spare(view) > spare(*rich))) rich = &view;
        if (growable_bytes(view) > 0 && (poor == nullptr || spare(view) < spare(*poor))) poor = &view;
    }
    if (rich == nullptr || poor == nullptr || rich == poor) return {};
    const auto bytes =
        std::min({static_cast<std::uint64_t>(std::max<std::int64_t>(0, spare(*rich) - spare(*poor))) / 2,
                  reclaimable_bytes(*rich), growable_bytes(*poor)}) /
        mib * mib;
    if (bytes == 0) return {};
    return {balance::Move{rich->uuid, poor->uuid, bytes, balance::Reason::lacks}};
}

} // namespace

TEST_CASE("the same seed is the same world, and plays the same", "[sim]") {
    const Metrics once = play(make_scenario(7), *make_xvm()), again = play(make_scenario(7), *make_xvm());
    CHECK(once.unmet_byte_s == again.unmet_byte_s);
    CHECK(once.moved_bytes == again.moved_bytes);
    CHECK(make_scenario(7).guests.size() == make_scenario(7).guests.size());
}

TEST_CASE("of all policies xvm's leaves the least unmet, moves the least and starves the least", "[sim]") {
    constexpr std::uint64_t worlds = 300;
    const Metrics ours = sum_of([] { return make_xvm(); }, worlds);
    CHECK(ours.below_min == 0);
    for (const auto& make : {make_qmemman, make_squeezed}) {
        const Metrics rival = sum_of(make, worlds);
        CHECK(ours.unmet_byte_s < rival.unmet_byte_s);
        CHECK(ours.moved_bytes < rival.moved_bytes);
        CHECK(ours.starved_s < rival.starved_s);
    }
}

TEST_CASE("a twin that does not keep to minimums is seen", "[sim]") {
    CHECK(sum_of([] { return make_xvm(balance::decide, false); }, 60).below_min > 0);
}

TEST_CASE("a twin without hysteresis is seen: it turns and turns", "[sim]") {
    const Metrics ours = sum_of([] { return make_xvm(); }, 60);
    const Metrics twin = sum_of([] { return make_xvm(restless); }, 60);
    CHECK(twin.turns > 3 * ours.turns);
    CHECK(twin.moved_bytes > 2 * ours.moved_bytes);
}
