// SPDX-License-Identifier: Apache-2.0
// Single requests are kept for whoever follows them, in bounded memory, and what is missing is told.
#include "backends/block/device.hpp"
#include "libvmshare/abi/timer.h"
#include "tests/unit/backends/fake_guest.hpp"
#include "tests/unit/backends/temporary_file.hpp"

#include <catch2/catch.hpp>

using namespace xvm;
using namespace xvm::block;

namespace {

constexpr std::uint64_t ns = XVM_TIME_STAMP_NS;

void add(Trace& trace, unsigned many) {
    for (unsigned i = 0; i < many; ++i)
        trace.add({});
}

struct Stepping_clock final : Clock {
    std::uint64_t now = 0;
    std::uint64_t stamp() override { return ns | (now += 10); }
    std::uint64_t tick_ns() const override { return 4'000'000; }
};

} // namespace

TEST_CASE("Nothing is kept until somebody asks, and then what comes after") {
    Trace trace;
    add(trace, 5);
    CHECK_FALSE(trace.is_on());
    const Trace::Part first = trace.read(std::nullopt);
    CHECK(first.requests.empty());
    CHECK(first.next == 5);
    add(trace, 3);
    const Trace::Part second = trace.read(first.next);
    REQUIRE(second.requests.size() == 3);
    CHECK(second.requests.front().seq == 6);
    CHECK(second.lost == 0);
    CHECK(trace.read(second.next).requests.empty());
}

TEST_CASE("A reader that is too slow learns how many it missed") {
    Trace trace;
    const std::uint64_t from = trace.read(std::nullopt).next;
    add(trace, Trace::entries_max + 100);
    std::uint64_t after = from, seen = 0, lost = 0;
    for (Trace::Part part = trace.read(after); after != part.next; part = trace.read(after)) {
        CHECK(part.requests.size() <= Trace::part_max);
        seen += part.requests.size();
        lost += part.lost;
        after = part.next;
    }
    CHECK(seen == Trace::entries_max);
    CHECK(lost == 100);
}

TEST_CASE("When nobody asks any more, nothing is kept any more; the gap is told") {
    Trace trace;
    const auto start = std::chrono::steady_clock::now();
    const std::uint64_t from =
        trace.read(std::nullopt, start - 2 * Trace::lease).next; // a lease that is over
    add(trace, 7);
    CHECK_FALSE(trace.is_on());
    const Trace::Part later = trace.read(from, start);
    CHECK(later.requests.empty());
    CHECK(later.lost == 7);
    CHECK(trace.is_on());
}

TEST_CASE("A number from another life of the disk is no reason to say nothing") {
    Trace trace;
    (void)trace.read(std::nullopt);
    add(trace, 2);
    CHECK(trace.read(4000).requests.size() == 2);
}

TEST_CASE("A disk's requests are kept with their stamps, whose phases sum to the whole", "[T-4][T-7]") {
    Stepping_clock clock;
    clock.now = 1000;
    Trace trace;
    test::Temporary_file file(1 << 20);
    test::Fake_guest guest(600, 1);
    Device device(guest.back_region(), guest, Domid{1}, *Image::open_raw(file.path(), false), false, &clock,
                  &trace);
    const std::uint64_t from = trace.read(std::nullopt).next;
    for (const std::uint64_t submitted : {ns | 900, ns | 905, std::uint64_t{0}}) {
        xvm_blk_request request{};
        request.header.t_submit = submitted;
        request.op = XVM_BLK_FLUSH;
        guest.client().push(request);
    }
    (void)guest.client().publish();
    device.begin_wake();
    while (device.run().worked)
        ;
    const Trace::Part part = trace.read(from);
    REQUIRE(part.requests.size() == 3);
    CHECK(part.requests[0].op == Traced_op::flush);
    CHECK(part.requests[0].status == XVM_BLK_OK);
    const auto phases = phases_of(part.requests[0].stamps, part.requests[0].tick_ns);
    REQUIRE(phases);
    CHECK(phases->submitted == 900);
    CHECK(*phases->wake + phases->queue + phases->service == phases->whole);
    CHECK(phases->answered - phases->submitted == phases->whole);
    CHECK(phases_of(part.requests[1].stamps, 1)->submitted == 905);
    CHECK_FALSE(phases_of(part.requests[2].stamps, 1)); // the guest did not stamp it
}
