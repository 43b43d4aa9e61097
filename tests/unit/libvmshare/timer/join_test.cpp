// SPDX-License-Identifier: Apache-2.0
// A guest that is saved under one owner and restored under another: time goes on, and the break is marked.
#include "tests/unit/libvmshare/timer/clock.hpp"

#include "libvmshare/timer/join.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <random>

using namespace xvm::test;

namespace {

/// A guest's kernel and one program of it, whose mapping shows now this owner's page, now that one's.
struct Guest {
    xvm_time_page seen{};
    xvm_time_local local{};
    xvm_time_past past{};
    xvm_time_reader kernel{}, program{};
    std::uint64_t last_tick = 0, last_coarse = 0, last_fast = 0;
    unsigned backwards = 0;

    void show(const Owner& owner) { std::memcpy(&seen, owner.page.get(), sizeof(seen)); }

    /// `careless`: the broken twin, which takes the new owner's values as they are.
    void attach(const Owner& owner, bool careless = false) {
        show(owner);
        xvm_time_local next = xvm_time_join(&local, &seen, &past);
        if (careless) next.tick_add = next.ns_add = 0;
        next.counter_ok = 1; // the kernel measures it
        xvm_time_publish_local(&local, &next);
        REQUIRE(xvm_time_open(&kernel, &seen, &local) == XVM_TIME_OK);
        if (program.page == nullptr) REQUIRE(xvm_time_open(&program, &seen, &local) == XVM_TIME_OK);
    }
    void detach() { xvm_time_note_past(&kernel, &past); }

    void read() {
        const std::uint64_t tick = xvm_time_read_tick(&program);
        std::uint64_t coarse = 0, fast = 0;
        backwards += tick != 0 && tick < last_tick;
        last_tick = std::max(last_tick, tick);
        if (xvm_time_now_coarse(&program, &coarse) == XVM_TIME_OK) {
            backwards += coarse < last_coarse;
            last_coarse = coarse;
        }
        if (xvm_time_now_fast(&program, &fast) == XVM_TIME_OK) {
            backwards += fast < last_fast;
            last_fast = fast;
        }
    }
    void live(Owner& owner, unsigned ticks) {
        for (unsigned i = 0; i < ticks; ++i) {
            owner.run(1);
            show(owner);
            read();
            owner.pass(owner.page->constants.tick_ns / 2);
            read();
        }
    }
};

/// A host that booted later: its tick, its clock and its counter are all behind.
struct Younger_owner : Owner {
    Younger_owner() : Owner(43) {
        ref.tick = 10;
        ref.ns = 1'000'000'000;
        ref.counter = 3'000'000;
    }
};

} // namespace

TEST_CASE("A guest restored under an owner whose clocks are behind reads on; the disruption is marked",
          "[T-9]") {
    Owner old;
    Younger_owner young;
    Guest guest;
    old.run(5);
    guest.attach(old);
    guest.live(old, 20);
    const std::uint64_t before = guest.last_tick;
    guest.detach();
    young.run(5);
    guest.attach(young);
    guest.live(young, 20);
    CHECK(guest.backwards == 0);
    CHECK(guest.last_tick == before + 20);
    CHECK(guest.local.disruptions == 1);
    CHECK(guest.program.owner_id == 43);
}

TEST_CASE("The broken twin, which takes the new owner's values as they are, goes back", "[T-9]") {
    Owner old;
    Younger_owner young;
    Guest guest;
    old.run(5);
    guest.attach(old);
    guest.live(old, 20);
    guest.detach();
    young.run(5);
    guest.attach(young, true);
    guest.live(young, 20);
    CHECK(guest.backwards > 0);
}

TEST_CASE("An owner that died before the save may have been followed until it was stale", "[T-9][T-11]") {
    Owner old;
    Younger_owner young;
    Guest guest;
    old.run(5);
    guest.attach(old);
    guest.live(old, 5);
    while (guest.last_fast != 0) { // it is silent; readers go on by the counter until they are told
        const std::uint64_t last = guest.last_fast;
        old.pass(10'000'000);
        guest.read();
        if (guest.last_fast == last) break;
    }
    SECTION("silent") {}
    SECTION("in the middle of an update") {
        guest.seen.vmclock.seq_count |= 1;
    }
    old.pass(60'000'000'000);
    guest.detach();
    young.run(5);
    guest.attach(young);
    guest.live(young, 5);
    CHECK(guest.backwards == 0);
    CHECK(guest.local.disruptions == 1);
}

TEST_CASE("The same owner's page again is no disruption", "[T-9]") {
    Owner owner;
    Guest guest;
    owner.run(5);
    guest.attach(owner);
    guest.live(owner, 5);
    guest.detach();
    owner.run(100);
    guest.attach(owner);
    guest.live(owner, 5);
    CHECK(guest.backwards == 0);
    CHECK(guest.local.disruptions == 0);
    CHECK(guest.last_tick == owner.ref.tick); // nothing is added
}

TEST_CASE("From host to host, a hundred times, nothing goes back", "[T-9]") {
    std::mt19937_64 random(7);
    Guest guest;
    for (std::uint64_t host = 1; host <= 100; ++host) {
        Owner owner(host + 1000);
        owner.ref.tick = random() >> 20;
        owner.ref.ns = random() >> 10;
        owner.ref.counter = random() >> 8;
        owner.ref.counter_ok = random() % 4 != 0; // some have none that guests may use
        owner.run(3);
        guest.attach(owner);
        guest.live(owner, 10);
        guest.detach();
        REQUIRE(guest.backwards == 0);
        REQUIRE(guest.local.disruptions == host - 1);
    }
}
