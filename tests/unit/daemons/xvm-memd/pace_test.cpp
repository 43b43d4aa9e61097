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

TEST_CASE("nobody to balance, nothing to wake up for", "[memd]") {
    const balance::World host = one(balance::Movable::host, {});
    CHECK_FALSE(next_look(seen_in(host, {}, false)));
    CHECK_FALSE(next_look(seen_in({}, host, false)));
}

TEST_CASE("it looks the more often the more is about", "[memd]") {
    const balance::World silent = one(balance::Movable::yes, {});
    const balance::World says = one(balance::Movable::yes, balance::Report{1, 10, 5, 5, 0, 0});
    const balance::World says_more = one(balance::Movable::yes, balance::Report{2, 10, 5, 5, 0, 0});
    CHECK(next_look(seen_in(silent, silent, false)) == Millis(60'000));
    CHECK(next_look(seen_in(says, says, false)) == Millis(3'000));
    CHECK(next_look(seen_in(says_more, says, false)) == Millis(1'000));
    CHECK(next_look(seen_in(silent, silent, true)) == Millis(1'000));
}
