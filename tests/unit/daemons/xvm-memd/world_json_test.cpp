// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvm-memd/world_json.hpp"
#include "tests/unit/daemons/xvm-memd/answers.hpp"

#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

using namespace xvm;
using namespace xvm::memd;
using namespace xvm::memd::test;
namespace json = boost::json;

TEST_CASE("xvmd's answer becomes the policy's world", "[memd]") {
    const auto world =
        parse_world(memory({domain(uuid_a, 256), saying(domain(uuid_b, 512), 100, 12'34)}, 300));
    REQUIRE(world);
    CHECK(world->free_bytes == 300 * mib);
    REQUIRE(world->guests.size() == 2);
    CHECK(world->guests[0].uuid.text() == uuid_a);
    CHECK(world->guests[0].weight == 200);
    CHECK(world->guests[0].home_bytes == 256 * mib);
    CHECK_FALSE(world->guests[0].report);
    REQUIRE(world->guests[1].report);
    CHECK(world->guests[1].report->available_bytes == 100 * mib);
    CHECK(world->guests[1].report->some_centipercent == 12'34);
}

TEST_CASE("half an answer is none", "[memd]") {
    for (const char* gone :
         {"uuid", "name", "memory_bytes", "memory_min_bytes", "memory_max_bytes", "movable"}) {
        json::object guest = domain(uuid_a, 256);
        guest.erase(gone);
        CHECK_FALSE(parse_world(memory({guest})));
    }
    for (const char* gone : {"free_bytes", "promised_bytes", "domains"}) {
        json::value answer = memory({});
        answer.as_object().erase(gone);
        CHECK_FALSE(parse_world(answer));
    }
    CHECK_FALSE(parse_world(json::value(7)));
}

TEST_CASE("what a newer xvmd says of a guest that we do not know is left alone", "[memd]") {
    json::object guest = domain(uuid_a, 256);
    guest["movable"] = "quarantined";
    CHECK(parse_world(memory({guest}))->guests[0].movable == balance::Movable::busy);
}

TEST_CASE("a move is asked for as a user asks for it", "[memd]") {
    balance::Move move;
    move.from = Uuid::parse(uuid_a);
    move.bytes = 64 * mib;
    const api::Call call = call_of(move);
    CHECK(call.method == "POST");
    CHECK(call.target == "/v1/memory/moves?partial=1&timeout=4000ms");
    CHECK(json::parse(call.body) == json::value{{"from", uuid_a}, {"to", "free"}, {"amount", 64 * mib}});
}
