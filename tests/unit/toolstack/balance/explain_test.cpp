// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/toolstack/balance/worlds.hpp"
#include "toolstack/balance/explain.hpp"

#include <catch2/catch.hpp>

using namespace xvm::balance;
using namespace xvm::balance::test;

TEST_CASE("what is available is said with where it goes", "[balance]") {
    World world;
    world.free_bytes = 600 * mib;
    world.host_reserve_bytes = 32 * mib;
    world.promised_bytes = 68 * mib;
    const Explanation said = explain(world, 500 * mib);
    CHECK(said.fits == Fits::now);
    CHECK(said.lines == std::vector<std::string>{"500 MiB can be had now",
                                                 "free: 600 MiB, of which 32 MiB stay free, and 68 MiB are "
                                                 "promised to others: 500 MiB are available"});
}

TEST_CASE("who would give is named, with what it keeps, and why others do not", "[balance]") {
    World world;
    world.guests = {saying(guest(1, 512, 64, 512), 128), guest(2, 512, 512, 512), guest(3, 512, 64, 512)};
    world.guests[2].movable = Movable::paused;
    const Explanation said = explain(world, 200 * mib);
    CHECK(said.fits == Fits::reclaim);
    REQUIRE(said.lines.size() == 5);
    CHECK(said.lines[0] ==
          "200 MiB can be had with 'xvm create --reclaim': 200 MiB come from running guests");
    CHECK(said.lines[2] == "'guest1' gives 200 MiB of 512 MiB, which it does not use; it keeps 312 MiB");
    CHECK(said.lines[3] == "'guest2' has 512 MiB and gives nothing: its minimum is 512 MiB");
    CHECK(said.lines[4] == "'guest3' has 512 MiB and gives nothing: it is paused");
}

TEST_CASE("what cannot be had is said with what guests could give", "[balance]") {
    World world;
    world.guests = {guest(1, 512, 64, 512)};
    const Explanation said = explain(world, 500 * mib);
    CHECK(said.fits == Fits::no);
    CHECK(said.takes.empty());
    CHECK(said.lines[0] == "500 MiB cannot be had: 500 MiB are lacking, and guests can give 448 MiB");
    CHECK(said.lines[2] == "'guest1' has 512 MiB and can give 448 MiB: its minimum is 64 MiB");
}
