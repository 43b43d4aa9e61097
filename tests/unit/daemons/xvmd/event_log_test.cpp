// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/daemons/xvmd/event_reader.hpp"

#include <catch2/catch.hpp>
#include <thread>

using namespace xvm;
using namespace xvm::xvmd;
using test::follow;
using Reader = test::Event_reader;

namespace {

Event event(std::string kind) {
    Event made;
    made.kind = std::move(kind);
    return made;
}

} // namespace

TEST_CASE("A follower gets what happens from then on, in order and numbered") {
    Event_log log;
    log.publish(event("before"));
    const auto reader = follow(log);
    Event started = event("domain-started");
    started.domid = Domid{7};
    started.name = "web";
    const std::uint64_t first = log.publish(started);
    log.publish(event("domain-gone"));
    const auto lines = reader->lines();
    REQUIRE(lines.size() == 2);
    CHECK(lines[0].at("schema") == "xvm.event/1");
    CHECK(lines[0].at("seq") == first);
    CHECK(lines[0].at("domid") == 7);
    CHECK(lines[0].at("name") == "web");
    CHECK_FALSE(lines[0].contains("verb"));
    CHECK(lines[1].at("seq") == first + 1);
    CHECK(log.last() == first + 1);
}

TEST_CASE("A follower that comes back misses nothing that is kept") {
    Event_log log;
    const std::uint64_t seen = log.publish(event("a"));
    log.publish(event("b"));
    log.publish(event("c"));
    const auto reader = follow(log, seen);
    log.publish(event("d"));
    const auto lines = reader->lines();
    REQUIRE(lines.size() == 3);
    CHECK(lines[0].at("kind") == "b");
    CHECK(lines[2].at("kind") == "d");
    CHECK(follow(log, 0)->lines().size() == 4);
    CHECK(follow(log, log.last())->lines().empty());
}

TEST_CASE("What is not kept any more is said, not passed over") {
    Event_log log({3, 100'000, 4});
    const std::uint64_t seen = log.publish(event("a"));
    for (const char* kind : {"b", "c", "d", "e"})
        log.publish(event(kind));
    const auto lines = follow(log, seen)->lines();
    REQUIRE(lines.size() == 4);
    CHECK(lines[0].at("kind") == "events-missing");
    CHECK(lines[0].at("detail") == "1 are not kept any more");
    CHECK(lines[1].at("kind") == "c");
    CHECK(log.after(seen).missing == 1);
    CHECK(log.after(seen + 1).missing == 0);

    const auto stranger = follow(log, 17)->lines();
    REQUIRE_FALSE(stranger.empty());
    CHECK(stranger[0].at("kind") == "events-missing");
}

TEST_CASE("What is kept is bounded in bytes as well") {
    Event_log log({1000, 4096, 4});
    Event large = event("large");
    large.detail = std::string(1000, 'x');
    for (int i = 0; i < 100; ++i)
        log.publish(large);
    CHECK(log.after(0).lines.size() == 3);
}

TEST_CASE("Who went, or does not read, is dropped; the others go on") {
    Event_log log;
    const auto leaves = follow(log);
    const auto stalls = follow(log);
    const auto stays = follow(log);
    CHECK(log.followers() == 3);
    leaves->closed = true;
    leaves->tell();
    CHECK(log.followers() == 2);
    stalls->closed = true;
    log.publish(event("a"));
    CHECK(log.followers() == 1);
    CHECK(stays->lines().size() == 1);
}

TEST_CASE("A follower too many is refused") {
    Event_log log({10, 10'000, 2});
    const auto one = follow(log);
    const auto two = follow(log);
    CHECK(follow(log)->refused == 507);
    CHECK(one->refused == 0);
}

TEST_CASE("Workers publish at once, and each follower sees every number once and in order") {
    Event_log log;
    const auto reader = follow(log);
    constexpr int each = 200;
    std::vector<std::thread> workers;
    for (int worker = 0; worker < 4; ++worker)
        workers.emplace_back([&] {
            for (int i = 0; i < each; ++i)
                log.publish(event("a"));
        });
    for (std::thread& worker : workers)
        worker.join();
    const auto lines = reader->lines();
    REQUIRE(lines.size() == 4 * each);
    for (std::size_t i = 1; i < lines.size(); ++i)
        CHECK(lines[i].at("seq").to_number<std::uint64_t>() ==
              lines[i - 1].at("seq").to_number<std::uint64_t>() + 1);
}
