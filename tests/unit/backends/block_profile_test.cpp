// SPDX-License-Identifier: Apache-2.0
// Where requests spend their time, by the stamps they carry.
#include "backends/block/device.hpp"
#include "libvmshare/abi/timer.h"
#include "tests/unit/backends/fake_guest.hpp"
#include "tests/unit/backends/temporary_file.hpp"

#include <catch2/catch.hpp>

using namespace xvm;
using namespace xvm::block;

namespace {

constexpr std::uint64_t ns = XVM_TIME_STAMP_NS;

/// Each look at the clock takes `step`.
struct Stepping_clock final : Clock {
    std::uint64_t now = 0, step = 0, kind = ns;
    std::uint64_t stamp() override { return kind | (now += step); }
    std::uint64_t tick_ns() const override { return 4'000'000; }
};

struct Machine {
    Stepping_clock clock;
    test::Temporary_file file{1 << 20};
    test::Fake_guest guest{600, 1};
    Device device{guest.back_region(), guest, Domid{1}, *Image::open_raw(file.path(), false), false, &clock};
    std::uint64_t next_id = 1;

    void submit(std::uint64_t stamp) {
        xvm_blk_request request{};
        request.header.id = next_id++;
        request.header.t_submit = stamp;
        request.op = XVM_BLK_FLUSH;
        REQUIRE(guest.client().room() > 0);
        guest.client().push(request);
        (void)guest.client().publish();
    }
    std::vector<xvm_blk_response> run() {
        while (device.run().worked)
            ;
        std::vector<xvm_blk_response> all;
        guest.client().begin_wake();
        xvm_blk_response response{};
        while (guest.client().take(response) == ring::Take::taken)
            all.push_back(response);
        (void)guest.client().arm(); // gives the slots back
        return all;
    }
};

} // namespace

TEST_CASE("Stamps of one request are in order: submitted, handed over, answered", "[T-4][T-7]") {
    Machine m;
    m.clock.now = 1000;
    m.clock.step = 10;
    m.submit(ns | 900);
    m.device.begin_wake(); // 1010
    const auto responses = m.run();
    REQUIRE(responses.size() == 1);
    const xvm_ring_rsp_hdr& header = responses[0].header;
    CHECK(header.t_handover == (ns | 1010));
    CHECK(header.t_complete == (ns | 1030));
    const Profile& p = m.device.profile();
    CHECK(p.precise);
    CHECK(p.wake.sum_ns == 110);
    CHECK(p.queue.sum_ns == 10);
    CHECK(p.service.sum_ns == 10);
    CHECK(p.whole.sum_ns == 130);
}

TEST_CASE("The phases of many requests sum to the whole, in ticks too", "[T-5]") {
    Machine m;
    m.clock.kind = GENERATE(std::uint64_t{0}, ns);
    m.clock.now = 100;
    m.clock.step = 1;
    for (std::uint64_t i = 0; i < 30; ++i)
        m.submit(m.clock.kind | (80 + i));
    m.device.begin_wake();
    CHECK(m.run().size() == 30);
    for (std::uint64_t i = 0; i < 20; ++i)
        m.submit(m.clock.kind | (90 + i)); // while it is at work: no event
    CHECK(m.run().size() == 20);
    const Profile& p = m.device.profile();
    CHECK(p.whole.count == 50);
    CHECK(p.unstamped == 0);
    CHECK(p.wake.sum_ns + p.queue.sum_ns + p.service.sum_ns == p.whole.sum_ns);
    CHECK(p.wake.count < 50);
}

TEST_CASE("Held D ms by the backend is D ms of service, to the tick", "[T-5]") {
    Machine m;
    m.clock.kind = 0;
    m.clock.now = 1000;
    m.submit(1000);
    m.device.begin_wake();
    m.clock.step = 25; // a look at the clock comes after 100 ms
    CHECK(m.run().size() == 1);
    const Profile& p = m.device.profile();
    CHECK(p.service.max_ns == 100'000'000);
    CHECK(p.service.counts[27] == 1); // 2^26 … 2^27 ns
}

TEST_CASE("Served within a tick is none or one, never negative", "[T-6]") {
    Machine m;
    m.clock.kind = 0;
    m.clock.now = 1000;
    m.submit(1000);
    m.device.begin_wake();
    CHECK(m.run().size() == 1);
    m.clock.now = 1001;
    m.submit(1000);
    m.device.begin_wake();
    CHECK(m.run().size() == 1);
    CHECK(m.device.profile().whole.counts[0] == 1);
    CHECK(m.device.profile().whole.max_ns == 4'000'000);
}

TEST_CASE("A guest's stamps are its word: none, of another kind, from the future") {
    Machine m;
    m.clock.now = 1000;
    m.clock.step = 1;
    m.submit(0);
    m.submit(77);
    m.submit(ns | 5'000'000'000);
    m.device.begin_wake();
    const auto responses = m.run();
    REQUIRE(responses.size() == 3);
    const Profile& p = m.device.profile();
    CHECK(p.unstamped == 2);
    CHECK(p.whole.count == 1);
    CHECK(p.whole.max_ns <= 2);
}

TEST_CASE("Without a clock nothing is stamped") {
    test::Temporary_file file(1 << 20);
    test::Fake_guest guest(600, 1);
    Device device(guest.back_region(), guest, Domid{1}, *Image::open_raw(file.path(), false), false);
    xvm_blk_request request{};
    request.header.id = 1;
    request.header.t_submit = ns | 5;
    request.op = XVM_BLK_FLUSH;
    guest.client().push(request);
    (void)guest.client().publish();
    device.begin_wake();
    CHECK(device.run().worked);
    xvm_blk_response response{};
    guest.client().begin_wake();
    REQUIRE(guest.client().take(response) == ring::Take::taken);
    CHECK(response.header.t_handover == 0);
    CHECK(response.header.t_complete == 0);
    CHECK(device.profile().whole.count == 0);
}
