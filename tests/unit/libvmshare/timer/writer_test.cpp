// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/libvmshare/timer/clock.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>

using namespace xvm::test;

namespace {

std::uint64_t fast(xvm_time_reader& r) {
    std::uint64_t ns = 0;
    REQUIRE(xvm_time_now_fast(&r, &ns) == XVM_TIME_OK);
    return ns;
}

std::uint64_t distance(std::uint64_t a, std::uint64_t b) {
    return a > b ? a - b : b - a;
}

/// What a guest that knows only vmclock makes of the page, in nanoseconds of UTC.
std::uint64_t utc_by_vmclock(const xvm_vmclock& v, std::uint64_t counter) {
    const xvm_time_u128 fraction =
        (static_cast<xvm_time_u128>(counter - v.counter_value) * v.counter_period_frac_sec >>
         v.counter_period_shift) +
        v.time_frac_sec;
    const auto ns = static_cast<std::uint64_t>((fraction & ~0ULL) * 1'000'000'000u >> 64);
    return (v.time_sec + static_cast<std::uint64_t>(fraction >> 64)) * 1'000'000'000u + ns;
}

} // namespace

TEST_CASE("A line's multiplier fits any counter from 1 kHz to 1 THz") {
    for (const std::uint64_t hz :
         {1'000ULL, 999'999ULL, 1'000'000'000ULL, 1'000'000'001ULL, 2'596'000'000ULL, 1'000'000'000'000ULL}) {
        std::uint32_t shift = 0;
        const std::uint64_t mult = xvm_time_mult_of(hz, &shift);
        CAPTURE(hz, mult, shift);
        CHECK(shift <= XVM_TIME_SHIFT_MAX);
        CHECK(shift >= 34);
        CHECK(mult >= 1ULL << 62);
        CHECK(distance(xvm_time_scale(hz * 100, mult, shift), 100'000'000'000) <= 1);
    }
}

TEST_CASE("A counter that runs fast or slow is followed: the error falls, no step, nothing goes back",
          "[T-9]") {
    Owner owner;
    owner.counter_rate = GENERATE(1.0 + 80e-6, 1.0 - 80e-6, 1.0);
    owner.run(1);
    const std::uint64_t marker = owner.page->vmclock.disruption_marker;
    xvm_time_reader r = owner.reader();
    std::uint64_t last = fast(r);
    for (int i = 0; i < 5000; ++i) {
        owner.pass(1'000'000);
        CHECK(fast(r) >= last);
        owner.pass(3'000'000);
        last = fast(r);
        ++owner.ref.tick;
        owner.update();
        const std::uint64_t now = fast(r);
        REQUIRE(now >= last);
        last = now;
        xvm_time_value value{};
        REQUIRE(xvm_time_now_with_error(&r, &value) == XVM_TIME_OK);
        REQUIRE(distance(value.ns, owner.ref.ns) <= value.error_ns);
    }
    CHECK(distance(fast(r), owner.ref.ns) < 1000);
    CHECK(owner.page->vmclock.disruption_marker == marker);
}

TEST_CASE("A small error is slewed away, by no more than the limit") {
    Owner owner;
    owner.run(500);
    xvm_time_reader r = owner.reader();
    owner.ref.ns += 40'000'000; // the owner's clock was set forward, by less than a step
    const std::uint64_t marker = owner.page->vmclock.disruption_marker;
    owner.update();
    const std::uint64_t before = fast(r);
    owner.pass(4'000'000);
    CHECK(distance(fast(r) - before, 4'000'000) <= 2'000 + 1);
    owner.run(1);
    CHECK(owner.page->vmclock.disruption_marker == marker);
    xvm_time_value value{};
    REQUIRE(xvm_time_now_with_error(&r, &value) == XVM_TIME_OK);
    CHECK(value.error_ns > 39'000'000); // and says how far off it is
}

TEST_CASE("An owner's clock that goes back a little is no silence: readers go on, without a step", "[T-9]") {
    Owner owner;
    owner.run(500);
    xvm_time_reader r = owner.reader();
    const std::uint64_t marker = owner.page->vmclock.disruption_marker;
    for (int i = 0; i < 100; ++i) {
        owner.pass(50'000);
        const std::uint64_t last = fast(r);
        owner.ref.ns -= 60'000; // below the clock of the update before
        owner.update();
        REQUIRE(fast(r) >= last);
    }
    CHECK(owner.page->vmclock.disruption_marker == marker);
}

TEST_CASE("What cannot be slewed is a step with a new marker; the monotonic clock steps only forward",
          "[T-9]") {
    Owner owner;
    owner.run(500);
    xvm_time_reader r = owner.reader();
    const std::uint64_t marker = owner.page->vmclock.disruption_marker;
    const std::uint64_t generation = owner.page->line.generation;
    const std::uint64_t last = fast(r);
    SECTION("the owner's clock jumps forward") {
        owner.ref.ns += 5'000'000'000;
        owner.run(1);
        CHECK(fast(r) >= last + 5'000'000'000);
    }
    SECTION("the owner's clock jumps back") {
        owner.ref.ns -= 5'000'000'000;
        owner.run(1);
        CHECK(fast(r) >= last);
    }
    SECTION("the counter jumps back") {
        owner.ref.counter -= 3'000'000'000;
        counter_now = owner.ref.counter;
        owner.run(1);
        CHECK(fast(r) >= last);
        CHECK(distance(fast(r), owner.ref.ns) < 10'000'000);
    }
    SECTION("the counter jumps forward") {
        owner.ref.counter += 30'000'000'000;
        owner.run(1);
        CHECK(fast(r) >= last);
    }
    SECTION("the owner was away: paused, suspended, or restored from a file") {
        owner.pass(60'000'000'000);
        owner.run(1);
        CHECK(fast(r) >= last + 60'000'000'000);
    }
    SECTION("UTC is set") {
        owner.ref.utc_offset_ns += 3'600'000'000'000;
        owner.run(1);
    }
    CHECK(owner.page->vmclock.disruption_marker != marker);
    CHECK(owner.page->line.generation > generation);
    const std::uint64_t again = owner.page->vmclock.disruption_marker;
    owner.run(3);
    if (owner.page->line.error_ns < XVM_TIME_STEP_NS) CHECK(owner.page->vmclock.disruption_marker == again);
}

TEST_CASE("A reader of Linux's vmclock gets the same UTC from the block") {
    Owner owner;
    owner.run(1000);
    const xvm_vmclock& v = owner.page->vmclock;
    CHECK(v.magic == XVM_VMCLOCK_MAGIC);
    CHECK(v.version == XVM_VMCLOCK_VERSION);
    CHECK(v.counter_id == XVM_VMCLOCK_COUNTER_X86_TSC);
    CHECK((v.seq_count & 1) == 0);
    xvm_time_reader r = owner.reader();
    for (const std::uint64_t ns : {0u, 1u, 999'999u, 3'999'999u}) {
        owner.pass(ns);
        const std::uint64_t utc = fast(r) + static_cast<std::uint64_t>(owner.ref.utc_offset_ns);
        CHECK(distance(utc_by_vmclock(v, counter_now), utc) <= 2);
    }
    CHECK((v.flags & XVM_VMCLOCK_FLAG_TIME_MONOTONIC) != 0);
    CHECK((v.flags & XVM_VMCLOCK_FLAG_VM_GEN_COUNTER_PRESENT) == 0);
}

TEST_CASE("The owner counts what it missed, and a rest is no miss") {
    Owner owner;
    owner.run(10);
    owner.pass(12'000'000);
    owner.ref.tick += 3;
    owner.update();
    CHECK(owner.page->tick.missed == 2);
    CHECK(owner.page->tick.max_gap_ticks == 3);
    xvm_time_writer_set_state(&owner.writer, XVM_TIME_RESTING);
    owner.pass(40'000'000'000);
    owner.ref.tick += 10'000;
    owner.update();
    CHECK(owner.page->tick.missed == 2);
    CHECK(owner.page->tick.state == XVM_TIME_RUNNING);
}
