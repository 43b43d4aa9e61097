// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvm-memd/pace.hpp"

#include <catch2/catch.hpp>

using namespace xvm;
using namespace xvm::memd;
using xvm::balance::Millis;

namespace {

balance::World one(balance::Movable movable, std::optional<balance::Report> report) {
    balance::World world;
    balance::Guest_view guest;
    guest.movable = movable;
    guest.report = report;
    world.guests.push_back(guest);
    return world;
}

} // namespace

TEST_CASE("who does not report, and who says the same again, is no reason to look again", "[memd]") {
    const balance::World host = one(balance::Movable::host, balance::Report{1, 10, 5, 5, 0, 0});
    const balance::World silent = one(balance::Movable::yes, {});
    const balance::World says = one(balance::Movable::yes, balance::Report{1, 10, 5, 5, 0, 0});
    const balance::World says_more = one(balance::Movable::yes, balance::Report{2, 10, 5, 5, 0, 0});
    CHECK_FALSE(is_changing(host, {}));
    CHECK_FALSE(is_changing(silent, {}));
    CHECK_FALSE(is_changing(says, says));
    CHECK(is_changing(says, silent));
    CHECK(is_changing(says_more, says));
}

TEST_CASE("it looks again by itself only while somebody lacks memory or a report changes", "[memd]") {
    CHECK_FALSE(next_look(false, false));
    CHECK(next_look(true, false) == Millis(1'000));
    CHECK(next_look(false, true) == Millis(1'000));
}

TEST_CASE("a report is looked at at once after a rest, and once a second while many come", "[memd]") {
    CHECK(look_at_report(Millis(5'000), Millis(5'000)) == Millis(1'000));
    CHECK(look_at_report(Millis(5'000), Millis(5'400)) == Millis(600));
    CHECK(look_at_report(Millis(5'000), Millis(6'000)) == Millis(0));
    CHECK(look_at_report(Millis(5'000), Millis(600'000)) == Millis(0));
}
