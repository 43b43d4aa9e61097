// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/libvmshare/timer/clock.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <random>

using namespace xvm::test;

TEST_CASE("A reader sees the tick that the owner wrote, and two readers the same", "[T-2][T-10]") {
    Owner owner;
    owner.run(3);
    xvm_time_reader one = owner.reader(), two = owner.reader();
    CHECK(xvm_time_read_tick(&one) == owner.ref.tick);
    CHECK(xvm_time_read_tick(&two) == owner.ref.tick);
    owner.pass(3'999'999); // nothing but the owner's write changes it
    CHECK(xvm_time_read_tick(&one) == owner.ref.tick);
}

TEST_CASE("The tick does not go back, and runs through the wrap of 32 bits", "[T-9]") {
    Owner owner;
    owner.ref.tick = 0xffff'fffe;
    owner.run(1);
    xvm_time_reader r = owner.reader();
    std::uint64_t last = xvm_time_read_tick(&r);
    for (int i = 0; i < 4; ++i) {
        owner.run(1);
        CHECK(xvm_time_read_tick(&r) == last + 1);
        last = xvm_time_read_tick(&r);
    }
    CHECK(last == 0x1'0000'0003);
    owner.ref.tick -= 2; // an owner that is confused
    owner.update();
    CHECK(xvm_time_read_tick(&r) == last);
}

TEST_CASE("The precise clock is the owner's, within the bound it publishes") {
    Owner owner;
    owner.run(1000);
    xvm_time_reader r = owner.reader();
    for (const std::uint64_t ns : {1u, 17u, 1000u, 1'000'000u, 2'000'000u}) {
        owner.pass(ns);
        std::uint64_t fast = 0, ordered = 0;
        xvm_time_value value{};
        REQUIRE(xvm_time_now_fast(&r, &fast) == XVM_TIME_OK);
        REQUIRE(xvm_time_now_ordered(&r, &ordered) == XVM_TIME_OK);
        REQUIRE(xvm_time_now_with_error(&r, &value) == XVM_TIME_OK);
        CHECK(fast == ordered);
        CHECK(value.ns == fast);
        CHECK(value.precise);
        const auto away = fast > owner.ref.ns ? fast - owner.ref.ns : owner.ref.ns - fast;
        CHECK(away <= value.error_ns);
        CHECK(value.error_ns < 1000);
    }
}

TEST_CASE("Without a counter to trust the precise clock says so, and the tick serves", "[T-5]") {
    Owner owner;
    owner.ref.counter_ok = false;
    owner.run(10);
    xvm_time_reader r = owner.reader();
    std::uint64_t ns = 0;
    CHECK(xvm_time_now_fast(&r, &ns) == XVM_TIME_NO_COUNTER);
    CHECK(xvm_time_now_ordered(&r, &ns) == XVM_TIME_NO_COUNTER);
    REQUIRE(xvm_time_now_coarse(&r, &ns) == XVM_TIME_OK);
    CHECK(ns == owner.ref.ns);
    xvm_time_value value{};
    owner.pass(3'000'000);
    REQUIRE(xvm_time_now_with_error(&r, &value) == XVM_TIME_OK);
    CHECK_FALSE(value.precise);
    CHECK(owner.ref.ns - value.ns <= value.error_ns);
    CHECK(xvm_time_stamp(&r) == owner.ref.tick);
    CHECK(owner.page->vmclock.counter_id == XVM_VMCLOCK_COUNTER_INVALID);
    CHECK(owner.page->vmclock.clock_status == XVM_VMCLOCK_STATUS_UNRELIABLE);
}

TEST_CASE("The same in a guest whose counter does not run as the owner's") {
    Owner owner;
    owner.run(10);
    xvm_time_local local{};
    local.owner_id = 42;
    xvm_time_reader r = owner.reader(&local);
    std::uint64_t ns = 0;
    CHECK(xvm_time_now_fast(&r, &ns) == XVM_TIME_NO_COUNTER);
    CHECK(xvm_time_now_coarse(&r, &ns) == XVM_TIME_OK);
    local.stale = 1;
    CHECK(xvm_time_now_coarse(&r, &ns) == XVM_TIME_STALE);
}

TEST_CASE("A counter that is not to be used may trap: it is not even taken", "[T-3]") {
    Owner owner;
    const bool owners = GENERATE(false, true); // the owner's is no good, or the guest's
    owner.ref.counter_ok = !owners;
    owner.run(3);
    xvm_time_local local{};
    local.owner_id = 42;
    xvm_time_reader r = owner.reader(owners ? nullptr : &local);
    counter_taken = 0;
    std::uint64_t ns = 0;
    xvm_time_value value{};
    xvm_time_snapshot snapshot{};
    CHECK(xvm_time_now_fast(&r, &ns) == XVM_TIME_NO_COUNTER);
    CHECK(xvm_time_now_ordered(&r, &ns) == XVM_TIME_NO_COUNTER);
    CHECK(xvm_time_now_with_error(&r, &value) == XVM_TIME_OK);
    CHECK(xvm_time_read_snapshot(&r, &snapshot) == XVM_TIME_OK);
    CHECK(xvm_time_stamp(&r) == owner.ref.tick);
    CHECK(counter_taken == 0);
}

TEST_CASE("A guest's counter with an offset reads the owner's clock") {
    Owner owner;
    owner.run(10);
    xvm_time_local local{};
    local.owner_id = 42;
    local.counter_ok = 1;
    local.counter_sub = 123'456'789;
    xvm_time_reader own = owner.reader(), guest = owner.reader(&local);
    std::uint64_t here = 0, there = 0;
    REQUIRE(xvm_time_now_fast(&own, &here) == XVM_TIME_OK);
    counter_now += local.counter_sub;
    REQUIRE(xvm_time_now_fast(&guest, &there) == XVM_TIME_OK);
    CHECK(here == there);
}

TEST_CASE("A dead owner is stale, not a time: silent, in the middle of an update, or gone in order",
          "[T-11]") {
    Owner owner;
    owner.run(10);
    xvm_time_reader r = owner.reader();
    std::uint64_t ns = 0;
    SECTION("silent") {
        CHECK(xvm_time_alive(&r, 1));
        owner.pass(900'000'000);
        CHECK(xvm_time_now_fast(&r, &ns) == XVM_TIME_OK);
        CHECK(xvm_time_alive(&r, 900'000'000));
        owner.pass(200'000'000);
        CHECK(xvm_time_now_fast(&r, &ns) == XVM_TIME_STALE);
        CHECK_FALSE(xvm_time_alive(&r, 1'100'000'000));
        CHECK(xvm_time_stamp(&r) == 0);
        owner.update(); // it was only late
        CHECK(xvm_time_alive(&r, 1'100'000'001));
        CHECK(xvm_time_now_fast(&r, &ns) == XVM_TIME_OK);
    }
    SECTION("in the middle of an update") {
        xvm_time_writer_begin(&owner.writer);
        xvm_time_snapshot snapshot;
        CHECK(xvm_time_now_fast(&r, &ns) == XVM_TIME_STALE);
        CHECK(xvm_time_now_ordered(&r, &ns) == XVM_TIME_STALE);
        CHECK(xvm_time_read_snapshot(&r, &snapshot) == XVM_TIME_STALE);
        owner.update(); // the next owner goes on where it stopped
        CHECK(xvm_time_now_fast(&r, &ns) == XVM_TIME_OK);
    }
    SECTION("gone in order") {
        xvm_time_writer_set_state(&owner.writer, XVM_TIME_STOPPED);
        CHECK_FALSE(xvm_time_alive(&r, 1));
        CHECK(xvm_time_now_coarse(&r, &ns) == XVM_TIME_STALE);
    }
}

TEST_CASE(
    "Another owner's page: refused until the guest has joined it to the old one, then on from there [T-9]") {
    Owner first(42), second(43);
    first.run(100);
    second.ref.tick = 5; // another machine, up for less time
    second.ref.ns = 1'000'000;
    second.run(2);
    xvm_time_local local{};
    local.owner_id = 42;
    xvm_time_page shown = *first.page;
    xvm_time_reader r;
    REQUIRE(xvm_time_open(&r, &shown, &local) == XVM_TIME_OK);
    const std::uint64_t before = xvm_time_read_tick(&r);
    std::uint64_t ns_before = 0, ns = 0;
    REQUIRE(xvm_time_now_coarse(&r, &ns_before) == XVM_TIME_OK);
    shown = *second.page;
    CHECK(xvm_time_read_tick(&r) == 0);
    CHECK(xvm_time_now_coarse(&r, &ns) == XVM_TIME_NEW_OWNER);
    CHECK(xvm_time_now_fast(&r, &ns) == XVM_TIME_NEW_OWNER);
    local.tick_add = before - second.page->tick.value;
    local.ns_add = ns_before - second.page->tick.ns;
    local.owner_id = 43;
    CHECK(xvm_time_read_tick(&r) == before);
    REQUIRE(xvm_time_now_coarse(&r, &ns) == XVM_TIME_OK);
    CHECK(ns == ns_before);
}

TEST_CASE("A page of another version, or of anything, is refused; reading it all the same ends") {
    Owner owner;
    owner.run(2);
    xvm_time_reader r;
    SECTION("version") {
        owner.page->constants.abi_major = 2;
        CHECK(xvm_time_open(&r, owner.page.get(), nullptr) == XVM_TIME_BAD_PAGE);
    }
    SECTION("no owner") {
        owner.page->constants.owner_id = 0;
        CHECK(xvm_time_open(&r, owner.page.get(), nullptr) == XVM_TIME_BAD_PAGE);
    }
    SECTION("a frequency that is none") {
        owner.page->constants.tick_hz = 0;
        CHECK(xvm_time_open(&r, owner.page.get(), nullptr) == XVM_TIME_BAD_PAGE);
    }
    SECTION("garbage behind good constants") {
        REQUIRE(xvm_time_open(&r, owner.page.get(), nullptr) == XVM_TIME_OK);
        std::mt19937_64 random(1);
        for (int round = 0; round < 2000; ++round) {
            auto* words = reinterpret_cast<xvm_time_word64*>(owner.page.get());
            for (std::size_t i = 8; i < 512; ++i)
                words[i] = random();
            if (round % 2) owner.page->vmclock.seq_count &= ~1u;
            if (round % 3) owner.page->line.owner_id = owner.page->tick.owner_id = r.owner_id;
            if (round % 5) owner.page->line.flags = XVM_TIME_LINE_VALID;
            counter_now = random();
            std::uint64_t ns = 0;
            xvm_time_value value{};
            (void)xvm_time_read_tick(&r);
            (void)xvm_time_now_coarse(&r, &ns);
            (void)xvm_time_now_fast(&r, &ns);
            (void)xvm_time_now_with_error(&r, &value);
            (void)xvm_time_stamp(&r);
        }
        SUCCEED();
    }
}

TEST_CASE("Elapsed time between stamps: ticks, nanoseconds, and never negative", "[T-5][T-6]") {
    constexpr std::uint64_t tick_ns = 4'000'000;
    std::uint64_t ns = 7;
    REQUIRE(xvm_time_elapsed(100, 100, tick_ns, &ns));
    CHECK(ns == 0);
    REQUIRE(xvm_time_elapsed(100, 101, tick_ns, &ns));
    CHECK(ns == tick_ns);
    REQUIRE(xvm_time_elapsed(XVM_TIME_STAMP_NS | 5, XVM_TIME_STAMP_NS | 25, tick_ns, &ns));
    CHECK(ns == 20);
    REQUIRE(xvm_time_elapsed(101, 100, tick_ns, &ns)); // a peer that lies
    CHECK(ns == 0);
    REQUIRE(xvm_time_elapsed(1, XVM_TIME_STAMP_NS - 1, tick_ns, &ns));
    CHECK(ns == ~0ULL);
    CHECK_FALSE(xvm_time_elapsed(0, 100, tick_ns, &ns));
    CHECK_FALSE(xvm_time_elapsed(100, 0, tick_ns, &ns));
    CHECK_FALSE(xvm_time_elapsed(100, XVM_TIME_STAMP_NS | 100, tick_ns, &ns));
}

TEST_CASE(
    "Stamps are of the page: precise with a counter, and D ms held read as D ms within 1 % [T-4][T-5]") {
    Owner owner;
    owner.run(10);
    xvm_time_reader r = owner.reader();
    const std::uint64_t submitted = xvm_time_stamp(&r);
    CHECK((submitted & XVM_TIME_STAMP_NS) != 0);
    owner.run(25); // 100 ms
    std::uint64_t ns = 0;
    REQUIRE(xvm_time_elapsed(submitted, xvm_time_stamp(&r), r.constants.tick_ns, &ns));
    CHECK(ns > 99'000'000);
    CHECK(ns < 101'000'000);
}
