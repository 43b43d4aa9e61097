// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/toolstack/balance/worlds.hpp"
#include "toolstack/balance/usage.hpp"

#include <catch2/catch.hpp>

using namespace xvm::balance;
using namespace xvm::balance::test;

TEST_CASE("a guest needs what it uses and a cushion", "[balance]") {
    CHECK(used_bytes(saying(guest(1, 512, 64, 1024), 128)) == 128 * mib);
    CHECK(need_bytes(saying(guest(1, 512, 64, 1024), 128)) == (128 + 8 + 16) * mib);
}

TEST_CASE("a guest that says nothing needs what its configuration gives it", "[balance]") {
    Guest_view view = guest(1, 512, 64, 1024);
    CHECK(need_bytes(view) == 512 * mib);
    view.home_bytes = 256 * mib;
    CHECK(need_bytes(view) == 256 * mib);
}

TEST_CASE("a guest that waits for memory, and has none left, needs more than it has", "[balance]") {
    CHECK(need_bytes(saying(guest(1, 512, 64, 1024), 500, pressed_centipercent)) == 576 * mib);
    CHECK(need_bytes(saying(guest(1, 512, 64, 520), 500, pressed_centipercent)) == 520 * mib);
    // The average of ten seconds is of the past: what it has by now is enough.
    CHECK(need_bytes(saying(guest(1, 512, 64, 1024), 128, pressed_centipercent)) == (128 + 8 + 16) * mib);
}

TEST_CASE("whatever a guest says, its need lies between its minimum and its maximum", "[balance]") {
    Random random(7);
    for (int round = 0; round < 20'000; ++round) {
        const std::uint64_t min = pick(random, 32, 512), max = min + pick(random, 0, 1024);
        Guest_view view = guest(1, pick(random, 1, 2048), min, max);
        view.report = Report{random(),
                             random(),
                             random(),
                             random(),
                             static_cast<unsigned>(random()),
                             static_cast<unsigned>(random())};
        const std::uint64_t need = need_bytes(view);
        REQUIRE(need >= view.min_bytes);
        REQUIRE(need <= view.max_bytes);
        REQUIRE(used_bytes(view) <= view.memory_bytes);
    }
}
