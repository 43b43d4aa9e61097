// SPDX-License-Identifier: Apache-2.0
// Every statement about one direction of the ring, for the C and the C++ implementation of either end
// and for both directions, with and without the claim.
#include "tests/unit/libvmshare/ring/ring_page.hpp"

#include <catch2/catch.hpp>
#include <deque>
#include <random>

using namespace xvm;
using namespace xvm::test;
using ring::Arm;
using ring::Take;

namespace {

template <class P, class K, class D>
struct Pair {
    using Direction = D;
    using Slot = typename D::Slot;

    explicit Pair(std::uint32_t features, std::uint32_t start = 0, unsigned pages = 1)
        : memory(pages, features, start), producer(memory), consumer(memory) {}

    std::uint32_t& flag() { return D::flag(memory.page()).value; }
    std::uint32_t& prod() { return D::prod(memory.page()).value; }
    std::uint32_t& cons() { return D::cons(memory.page()).value; }
    bool insert(std::uint64_t number) {
        REQUIRE(producer.room() > 0);
        producer.push(make_slot<Slot>(number));
        return producer.publish();
    }
    bool took(std::uint64_t number) {
        Slot slot;
        return consumer.take(slot) == Take::taken && is_slot(slot, number);
    }
    bool empty() {
        Slot slot;
        return consumer.take(slot) == Take::empty;
    }

    Ring_memory memory;
    typename P::template Producer<D> producer;
    typename K::template Consumer<D> consumer;
};

constexpr std::uint32_t nslots = XVM_RING_NSLOTS(1);

} // namespace

#define EVERY_PAIR                                                                                           \
    (Pair<Cpp, Cpp, Requests>), (Pair<Cpp, C, Requests>), (Pair<C, Cpp, Requests>), (Pair<C, C, Requests>),  \
        (Pair<Cpp, Cpp, Responses>), (Pair<Cpp, C, Responses>), (Pair<C, Cpp, Responses>),                   \
        (Pair<C, C, Responses>)

TEMPLATE_TEST_CASE("An insert for a sleeper makes exactly one send", "[R-1][R-15]", EVERY_PAIR) {
    TestType pair(GENERATE(0u, XVM_RING_F_CLAIM));
    CHECK(pair.insert(1));
    CHECK(pair.producer.stats().sends == 1);
    CHECK_FALSE(pair.producer.publish()); // nothing new
    CHECK(pair.producer.stats().sends == 1);
}

TEMPLATE_TEST_CASE("A batch for a sleeper makes exactly one send", "[R-1][R-15]", EVERY_PAIR) {
    TestType pair(GENERATE(0u, XVM_RING_F_CLAIM));
    for (unsigned i = 0; i < nslots; ++i)
        pair.producer.push(make_slot<typename TestType::Slot>(i));
    CHECK(pair.producer.publish());
    CHECK(pair.producer.stats().sends == 1);
    CHECK(pair.producer.stats().inserts == nslots);
    CHECK(pair.producer.stats().max_batch == nslots);
}

TEMPLATE_TEST_CASE("Inserts for a running consumer send nothing", "[R-2][R-15]", EVERY_PAIR) {
    TestType pair(GENERATE(0u, XVM_RING_F_CLAIM));
    pair.consumer.begin_wake();
    for (unsigned i = 0; i < nslots; ++i)
        CHECK_FALSE(pair.insert(i));
    CHECK(pair.producer.stats().sends == 0);
}

TEMPLATE_TEST_CASE("A wake-up sets RUNNING before anything is taken", "[R-3][R-15]", EVERY_PAIR) {
    TestType pair(GENERATE(0u, XVM_RING_F_CLAIM));
    pair.insert(1);
    CHECK(pair.flag() != XVM_RING_RUNNING);
    pair.consumer.begin_wake();
    CHECK(pair.flag() == XVM_RING_RUNNING);
    CHECK(pair.cons() == 0);
    CHECK(pair.took(1));
    CHECK(pair.flag() == XVM_RING_RUNNING);
}

TEMPLATE_TEST_CASE("A consumer sleeps only with an empty queue", "[R-4][R-15]", EVERY_PAIR) {
    TestType pair(GENERATE(0u, XVM_RING_F_CLAIM));
    pair.insert(1);
    pair.insert(2);
    pair.consumer.begin_wake();
    CHECK(pair.took(1));
    CHECK(pair.consumer.arm() == Arm::work); // 2 is known of
    CHECK(pair.flag() == XVM_RING_RUNNING);
    CHECK(pair.took(2));
    CHECK(pair.empty());
    pair.insert(3);
    CHECK(pair.consumer.arm() == Arm::work); // the re-check finds 3
    CHECK(pair.flag() == XVM_RING_RUNNING);
    CHECK(pair.took(3));
    CHECK(pair.empty());
    CHECK(pair.consumer.arm() == Arm::sleep);
    CHECK(pair.flag() == XVM_RING_SLEEPING);
    CHECK(pair.cons() == 3);
}

TEMPLATE_TEST_CASE("Without a claim each insert for a sleeper sends, with it only the first does",
                   "[R-5][R-15]", EVERY_PAIR) {
    const std::uint32_t features = GENERATE(0u, XVM_RING_F_CLAIM);
    TestType pair(features);
    for (unsigned i = 0; i < 8; ++i)
        pair.insert(i);
    CHECK(pair.producer.stats().sends == (features ? 1 : 8));
    CHECK(pair.flag() == (features ? XVM_RING_WAKING : XVM_RING_SLEEPING));
}

TEMPLATE_TEST_CASE("Sends are bounded by sleeps and inserts while asleep on every schedule", "[R-5][R-15]",
                   EVERY_PAIR) {
    const std::uint32_t features = GENERATE(0u, XVM_RING_F_CLAIM);
    TestType pair(features);
    std::mt19937 random(20240229);
    std::uint64_t next_in = 0, next_out = 0, asleep_publications = 0;
    bool asleep = true, event = false;
    for (int step = 0; step < 20000; ++step) {
        if (random() % 2) {
            const unsigned batch = std::min<unsigned>(1 + random() % 4, pair.producer.room());
            for (unsigned i = 0; i < batch; ++i)
                pair.producer.push(make_slot<typename TestType::Slot>(next_in++));
            asleep_publications += asleep && batch > 0;
            event |= pair.producer.publish();
        } else if (asleep) {
            if (!event) REQUIRE(next_in == next_out); // never blocked with slots queued
            if (!event || random() % 2) continue;
            event = asleep = false;
            pair.consumer.begin_wake();
        } else {
            for (unsigned n = random() % 6; n > 0 && next_out < next_in; --n)
                REQUIRE(pair.took(next_out++));
            if (next_out == next_in) {
                REQUIRE(pair.empty());
                asleep = pair.consumer.arm() == Arm::sleep;
                REQUIRE(asleep);
            }
        }
        const std::uint64_t sleeps = pair.consumer.stats().arms + 1; // it starts asleep
        REQUIRE(pair.producer.stats().sends <= sleeps + asleep_publications);
        if (features) REQUIRE(pair.producer.stats().sends <= sleeps);
    }
    CHECK(next_out > 5000);
}

namespace {

/// Goes through `steps` schedules of both ends; at rest, that is with no event on its way, the flag must say
/// SLEEPING exactly while the consumer sleeps. `sleeps`: how it goes to sleep, and whether; false if they
/// ever differ.
template <class P, class Sleep>
bool flag_tells_who_sleeps(P& pair, int steps, Sleep sleeps) {
    std::mt19937 random(20240306);
    std::uint64_t next_in = 0, next_out = 0;
    bool asleep = true, event = false;
    int at_rest[2] = {0, 0};
    for (int step = 0; step < steps; ++step) {
        if (!event) {
            ++at_rest[asleep];
            if ((pair.flag() == XVM_RING_SLEEPING) != asleep) return false;
        }
        if (random() % 3 == 0 && pair.producer.room() > 0) {
            event |= pair.insert(next_in++);
        } else if (asleep && event) {
            event = asleep = false;
            pair.consumer.begin_wake();
        } else if (!asleep && next_out < next_in) {
            REQUIRE(pair.took(next_out++));
            pair.consumer.release();
        } else if (!asleep) {
            asleep = sleeps(pair.consumer);
        }
    }
    CHECK(at_rest[true] > steps / 20);
    CHECK(at_rest[false] > steps / 20);
    return true;
}

} // namespace

TEMPLATE_TEST_CASE("At rest the flag says SLEEPING exactly while the consumer sleeps", "[R-6][R-15]",
                   EVERY_PAIR) {
    const std::uint32_t features = GENERATE(0u, XVM_RING_F_CLAIM);
    TestType pair(features);
    CHECK(flag_tells_who_sleeps(pair, 20000, [](auto& consumer) { return consumer.arm() == Arm::sleep; }));
    TestType silent(features); // the twin: sleeps and does not say so
    CHECK_FALSE(flag_tells_who_sleeps(silent, 20000, [](auto&) { return true; }));
}

TEMPLATE_TEST_CASE("A stream to a busy consumer sends once in all", "[R-5][R-15]", EVERY_PAIR) {
    TestType pair(GENERATE(0u, XVM_RING_F_CLAIM));
    pair.insert(0);
    pair.consumer.begin_wake();
    for (std::uint64_t i = 0; i < 10000; ++i) { // the consumer always trails by one
        pair.insert(i + 1);
        REQUIRE(pair.took(i));
        pair.consumer.release();
    }
    CHECK(pair.producer.stats().sends == 1);
}

TEMPLATE_TEST_CASE("A spurious event on an empty queue is harmless", "[R-9][R-15]", EVERY_PAIR) {
    TestType pair(GENERATE(0u, XVM_RING_F_CLAIM));
    for (int i = 0; i < 3; ++i) {
        pair.consumer.begin_wake();
        CHECK(pair.empty());
        CHECK(pair.consumer.arm() == Arm::sleep);
        CHECK(pair.flag() == XVM_RING_SLEEPING);
    }
    CHECK(pair.consumer.stats().spurious == 3);
    CHECK(pair.insert(1)); // and the next insert still wakes
    pair.consumer.begin_wake();
    CHECK(pair.took(1));
    CHECK(pair.empty());
    CHECK(pair.consumer.arm() == Arm::sleep);
    CHECK(pair.consumer.stats().spurious == 3);
}

TEMPLATE_TEST_CASE("A full queue says full, overwrites nothing, and goes on", "[R-10][R-15]", EVERY_PAIR) {
    TestType pair(GENERATE(0u, XVM_RING_F_CLAIM));
    for (unsigned i = 0; i < nslots; ++i)
        pair.producer.push(make_slot<typename TestType::Slot>(i));
    CHECK(pair.producer.room() == 0);
    CHECK(pair.producer.publish());
    for (int i = 0; i < 100; ++i) {
        CHECK(pair.producer.room() == 0);
        CHECK_FALSE(pair.producer.publish()); // no storm
    }
    pair.consumer.begin_wake();
    CHECK(pair.took(0));
    CHECK(pair.producer.room() == 0); // taken, and not yet given back
    pair.consumer.release();
    CHECK(pair.producer.room() == 1);
    CHECK_FALSE(pair.insert(nslots));
    for (unsigned i = 1; i <= nslots; ++i)
        CHECK(pair.took(i));
    CHECK(pair.empty());
}

TEMPLATE_TEST_CASE("Order and content survive the wrap of the index at 2^32", "[R-11][R-15]", EVERY_PAIR) {
    const std::uint32_t start = GENERATE(0u, 0xffffffffu, 0xfffffff0u, 0x80000000u - 3);
    const unsigned pages = GENERATE(1u, 2u, 16u);
    TestType pair(XVM_RING_F_CLAIM, start, pages);
    std::mt19937 random(7);
    std::uint64_t next_in = 0, next_out = 0;
    pair.consumer.begin_wake();
    while (next_out < 10000) {
        for (std::uint32_t n = random() % (pair.producer.room() + 1); n > 0; --n)
            pair.producer.push(make_slot<typename TestType::Slot>(next_in++));
        (void)pair.producer.publish();
        for (std::uint64_t n = random() % (next_in - next_out + 1); n > 0; --n)
            REQUIRE(pair.took(next_out++));
        if (next_out == next_in) REQUIRE(pair.empty());
        pair.consumer.release();
        REQUIRE(pair.prod() == start + static_cast<std::uint32_t>(next_in));
        REQUIRE(pair.cons() == start + static_cast<std::uint32_t>(next_out));
    }
    CHECK_FALSE(pair.producer.broken());
    CHECK_FALSE(pair.consumer.broken());
}

TEMPLATE_TEST_CASE("A fresh ring is at rest: zero indices, both consumers asleep", "[R-13][R-15]",
                   EVERY_PAIR) {
    TestType pair(0);
    CHECK(pair.flag() == XVM_RING_SLEEPING);
    CHECK(pair.prod() == 0);
    CHECK(pair.cons() == 0);
    CHECK(pair.empty());
    CHECK(pair.producer.room() == nslots);
}

TEMPLATE_TEST_CASE("An impossible producer index stops the consumer for good", "[R-14][R-15]", EVERY_PAIR) {
    const std::uint32_t start = GENERATE(0u, 0xfffffff8u);
    TestType pair(0, start);
    typename TestType::Slot slot;
    pair.insert(1);
    pair.consumer.begin_wake();
    CHECK(pair.took(1));
    // One past what a full queue allows (slot 1 is not given back), far ahead, and one back.
    pair.prod() = start + GENERATE(nslots + 1, 0x80000000u, 0u, 0xffffffffu);
    SECTION("seen by take") {
        CHECK(pair.consumer.take(slot) == Take::broken);
    }
    SECTION("seen by the re-check") {
        // release() gives slot 1 back; one slot more is possible then
        if (pair.prod() == start + nslots + 1) pair.prod()++;
        CHECK(pair.consumer.arm() == Arm::work);
        CHECK(pair.consumer.take(slot) == Take::broken);
    }
    pair.prod() = start + 1; // too late
    CHECK(pair.consumer.broken());
    CHECK(pair.consumer.take(slot) == Take::broken);
    CHECK(pair.consumer.arm() == Arm::sleep);
}

TEMPLATE_TEST_CASE("The largest possible producer index is believed", "[R-14][R-15]", EVERY_PAIR) {
    TestType pair(0, 0xfffffff8u);
    pair.prod() += nslots;
    typename TestType::Slot slot;
    for (unsigned i = 0; i < nslots; ++i)
        CHECK(pair.consumer.take(slot) == Take::taken);
    CHECK(pair.consumer.take(slot) == Take::empty);
}

TEMPLATE_TEST_CASE("An impossible consumer index stops the producer for good", "[R-14][R-15]", EVERY_PAIR) {
    const std::uint32_t start = GENERATE(0u, 0xfffffff8u);
    TestType pair(0, start);
    for (unsigned i = 0; i < nslots; ++i)
        pair.insert(i);
    pair.cons() = start + GENERATE(nslots + 1, 0x80000000u, 0xffffffffu);
    CHECK(pair.producer.room() == 0);
    CHECK(pair.producer.broken());
    pair.cons() = start + nslots; // too late
    CHECK(pair.producer.room() == 0);
    CHECK_FALSE(pair.producer.publish());
}

TEMPLATE_TEST_CASE("A consumer index going back stops the producer", "[R-14][R-15]", EVERY_PAIR) {
    TestType pair(0);
    for (unsigned i = 0; i < nslots; ++i)
        pair.insert(i);
    pair.cons() = 2;
    CHECK(pair.producer.room() == 2);
    pair.insert(nslots);
    pair.insert(nslots + 1);
    pair.cons() = 1;
    CHECK(pair.producer.room() == 0);
    CHECK(pair.producer.broken());
}

TEMPLATE_TEST_CASE("An unknown flag value counts as SLEEPING", "[R-14][R-15]", EVERY_PAIR) {
    TestType pair(GENERATE(0u, XVM_RING_F_CLAIM));
    pair.flag() = GENERATE(3u, 0x80000000u, 0xffffffffu);
    CHECK(pair.insert(1));
}

TEMPLATE_TEST_CASE("A false RUNNING or WAKING starves only the liar", "[R-14][R-15]", EVERY_PAIR) {
    TestType pair(GENERATE(0u, XVM_RING_F_CLAIM));
    pair.flag() = GENERATE(XVM_RING_RUNNING, XVM_RING_WAKING);
    for (unsigned i = 0; i < nslots; ++i)
        CHECK_FALSE(pair.insert(i));
    CHECK(pair.producer.room() == 0); // full, said so, and no more
}
