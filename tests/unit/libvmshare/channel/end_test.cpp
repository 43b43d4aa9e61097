// SPDX-License-Identifier: Apache-2.0
// [S-8] Two ends of a channel in one memory: nothing is lost, nobody sleeps with work, nobody is believed.
#include "libvmshare/channel/end.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <memory>
#include <thread>

using namespace xvm::channel;

namespace {

struct Free {
    void operator()(std::byte* memory) const { std::free(memory); }
};

struct Region {
    std::unique_ptr<std::byte, Free> bytes{
        static_cast<std::byte*>(std::aligned_alloc(4096, XVM_CHANNEL_REGION_BYTES))};
    std::span<std::byte> span() const { return {bytes.get(), XVM_CHANNEL_REGION_BYTES}; }
    xvm_channel& channel() const { return *reinterpret_cast<xvm_channel*>(bytes.get()); }
};

struct Pair {
    Region region;
    End broker = End::create(region.span()).value();
    End service = End::attach(region.span()).value();
};

Message request(std::uint64_t id, std::size_t bytes) {
    Message message;
    message.id = id;
    message.payload.assign(bytes, static_cast<char>('a' + id % 26));
    return message;
}

/// Like the two programs: each works when it was sent an event, until neither has one.
std::vector<Message> run(Pair& pair) {
    std::vector<Message> got;
    bool broker = true;
    bool service = false;
    while (broker || service) {
        if (std::exchange(broker, false)) {
            const auto turn = pair.broker.turn();
            service |= turn.notify;
            broker |= turn.more;
        }
        if (std::exchange(service, false)) {
            auto turn = pair.service.turn();
            broker |= turn.notify;
            service |= turn.more;
            for (Message& message : turn.got)
                got.push_back(std::move(message));
        }
    }
    return got;
}

} // namespace

TEST_CASE("a channel is taken only as its header lays it out") {
    Region region;
    const auto broker = End::create(region.span());
    REQUIRE(broker);
    REQUIRE(End::attach(region.span()));
    CHECK_FALSE(End::attach(region.span().first(4096)));
    CHECK_FALSE(End::create(region.span().first(4096)));
    xvm_channel_constants& constants = region.channel().constants;
    SECTION("magic") {
        constants.magic ^= 1;
    }
    SECTION("version") {
        constants.abi_major = 2;
    }
    SECTION("shape") {
        constants.words /= 2;
    }
    CHECK_FALSE(End::attach(region.span()));
}

TEST_CASE("[S-8] what is more than the queue holds goes over as room is made, in order") {
    Pair pair;
    constexpr std::size_t large = 700000; // nearly three queues
    for (std::uint64_t id = 1; id <= 5; ++id)
        REQUIRE(pair.broker.put(request(id, id == 3 ? 10 : large)));
    const auto got = run(pair);
    REQUIRE(got.size() == 5);
    for (std::uint64_t id = 1; id <= 5; ++id)
        CHECK((got[id - 1] == request(id, id == 3 ? 10 : large)));
    CHECK(pair.broker.backlog() == 0);
}

TEST_CASE("what waits to be sent is bounded") {
    Pair pair;
    std::uint64_t taken = 0;
    while (taken < 1000 && pair.broker.put(request(taken, XVM_CHANNEL_MESSAGE_BYTES)))
        ++taken;
    CHECK(taken == 3);
    CHECK(pair.broker.backlog() <= End::backlog_bytes + XVM_CHANNEL_MESSAGE_BYTES);
    CHECK_FALSE(pair.broker.put(request(1, XVM_CHANNEL_MESSAGE_BYTES + std::size_t{1})));
    CHECK(run(pair).size() == taken);
}

TEST_CASE("one event wakes a sleeper for many messages") {
    Pair pair;
    static_cast<void>(run(pair));
    REQUIRE(pair.broker.put(request(1, 10)));
    CHECK(pair.broker.turn().notify);
    REQUIRE(pair.broker.put(request(2, 10)));
    CHECK_FALSE(pair.broker.turn().notify);
    CHECK(pair.service.turn().got.size() == 2);
}

TEST_CASE("impossible indices and words end a channel") {
    Pair pair;
    REQUIRE(pair.broker.put(request(1, 100)));
    static_cast<void>(pair.broker.turn());
    SECTION("a producer that is more than a queue ahead") {
        pair.region.channel().down.prod.value = XVM_CHANNEL_WORDS + 1;
        CHECK(pair.service.turn().got.empty());
        CHECK(pair.service.fault() == "an impossible index");
    }
    SECTION("a producer that goes back") {
        CHECK(pair.service.turn().got.size() == 1);
        pair.region.channel().down.prod.value = 1;
        CHECK(pair.service.turn().got.empty());
        CHECK(pair.service.fault() == "an impossible index");
    }
    SECTION("a consumer that is ahead of its producer") {
        pair.region.channel().down.cons.value = 40000;
        for (int i = 0; i < 3; ++i)
            REQUIRE(pair.broker.put(request(2, 200000)));
        static_cast<void>(pair.broker.turn());
        CHECK(pair.broker.fault() == "an impossible index");
    }
    SECTION("words that are no frame") {
        pair.region.channel().down.prod.value = 100;
        const auto turn = pair.service.turn();
        CHECK(turn.got.size() == 1); // what was right was right
        CHECK(pair.service.fault() == "a frame without its magic");
    }
    for (End* end : {&pair.broker, &pair.service})
        if (!end->fault().empty()) CHECK(end->turn().got.empty());
}

TEST_CASE("a peer that never stops sending does not keep an end in its turn") {
    Pair pair;
    for (int i = 0; i < 4; ++i)
        REQUIRE(pair.broker.put(request(1, 200000)));
    std::size_t turns = 0;
    std::size_t got = 0;
    // The broker refills the queue whenever the service has made room, as if on another processor.
    for (bool more = true; more; ++turns) {
        static_cast<void>(pair.broker.turn());
        const auto turn = pair.service.turn();
        got += turn.got.size();
        more = turn.more || pair.broker.backlog() > 0;
    }
    CHECK(got == 4);
    CHECK(turns > 1);
}

TEST_CASE("[S-8] two threads that wait for events exchange everything, and no wake-up is lost") {
    Pair pair;
    constexpr std::uint64_t rounds = 3000;
    std::atomic<std::uint32_t> to_service{0};
    std::atomic<std::uint32_t> to_broker{0};
    const auto ring = [](std::atomic<std::uint32_t>& bell) {
        bell.fetch_add(1);
        bell.notify_one();
    };
    std::thread service([&] {
        std::uint64_t answered = 0;
        for (std::uint32_t heard = 0; answered < rounds;) {
            auto turn = pair.service.turn();
            for (Message& message : turn.got) {
                message.kind = Kind::answer;
                while (!pair.service.put(message)) {
                }
                ++answered;
            }
            const bool again = turn.more || !turn.got.empty();
            if (turn.notify) ring(to_broker);
            if (again) continue;
            to_service.wait(heard);
            heard = to_service.load();
        }
        // What is still in its backlog goes when the broker makes room.
        for (std::uint32_t heard = 0; pair.service.backlog() > 0; heard = to_service.load()) {
            if (pair.service.turn().notify) ring(to_broker);
            if (pair.service.backlog() > 0) to_service.wait(heard);
        }
        if (pair.service.turn().notify) ring(to_broker);
    });
    std::uint64_t sent = 0;
    std::uint64_t next = 0;
    bool wrong = false;
    for (std::uint32_t heard = 0; next < rounds;) {
        while (sent < rounds && sent < next + 16) {
            if (!pair.broker.put(request(sent, (sent * 7919) % 50000))) break;
            ++sent;
        }
        const auto turn = pair.broker.turn();
        if (turn.notify) ring(to_service);
        for (const Message& message : turn.got)
            wrong |= message.id != next++;
        if (!turn.got.empty() || turn.more) continue;
        if (next == rounds) break;
        to_broker.wait(heard);
        heard = to_broker.load();
    }
    service.join();
    CHECK_FALSE(wrong);
    CHECK(next == rounds);
}
