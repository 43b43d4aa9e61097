// SPDX-License-Identifier: Apache-2.0
// The device between a ring and a file: what it answers, what it does not do, what it counts.
#include "backends/block/device.hpp"
#include "tests/unit/backends/fake_guest.hpp"
#include "tests/unit/backends/temporary_file.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdio>
#include <map>
#include <random>

using namespace xvm;
using namespace xvm::block;
using test::Fake_guest;
using test::Temporary_file;

namespace {

struct Machine {
    explicit Machine(std::uint64_t disk_bytes = 4 << 20, std::size_t ring_pages = 1, bool read_only = false)
        : file(disk_bytes), guest(600, ring_pages),
          device(guest.back_region(), guest, Domid{1}, *Image::open_raw(file.path(), read_only), read_only) {}

    void submit(const xvm_blk_request& request) {
        REQUIRE(guest.client().room() > 0);
        guest.client().push(request);
        sends_to_back += guest.client().publish();
    }
    /// Runs the device to rest, as its owner would; the statuses by id.
    std::map<std::uint64_t, std::int32_t> run() {
        device.begin_wake();
        do {
            for (;;) {
                const Device::Run run = device.run();
                sends_to_front += run.send;
                if (!run.worked) break;
            }
        } while (!device.broken() && device.arm() == ring::Arm::work);
        std::map<std::uint64_t, std::int32_t> statuses;
        guest.client().begin_wake();
        xvm_blk_response response{};
        do {
            while (guest.client().take(response) == ring::Take::taken) {
                CHECK(statuses.emplace(response.header.id, response.status).second);
                CHECK(response.reserved == 0);
            }
        } while (guest.client().arm() == ring::Arm::work);
        return statuses;
    }
    std::int32_t run_one(const xvm_blk_request& request) {
        submit(request);
        const auto statuses = run();
        REQUIRE(statuses.size() == 1);
        return statuses.begin()->second;
    }

    Temporary_file file;
    Fake_guest guest;
    Device device;
    unsigned sends_to_back = 0;
    unsigned sends_to_front = 0;
};

xvm_blk_request transfer(std::uint8_t op, std::uint64_t id, std::uint64_t sector, std::size_t page,
                         std::uint8_t first = 0, std::uint8_t last = 7) {
    xvm_blk_request r{};
    r.header.id = id;
    r.op = op;
    r.nr_segments = 1;
    r.sector = sector;
    r.segments[0] = {Fake_guest::gref(page), first, last, 0};
    return r;
}

/// `pages` pages from `from` on, described by segments that lie in the page `table`.
xvm_blk_request indirect(Fake_guest& guest, std::uint8_t op, std::uint64_t id, std::uint64_t sector,
                         std::size_t from, std::uint16_t pages, std::size_t table) {
    auto* segments = reinterpret_cast<xvm_blk_segment*>(guest.page(table).data());
    for (std::size_t i = 0; i < pages; ++i)
        segments[i] = {Fake_guest::gref(from + i), 0, 7, 0};
    xvm_blk_request r{};
    r.header.id = id;
    r.op = op;
    r.flags = XVM_BLK_INDIRECT;
    r.nr_segments = pages;
    r.sector = sector;
    r.segments[0].gref = Fake_guest::gref(table);
    return r;
}

void fill(std::span<std::byte> bytes, unsigned seed) {
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<std::byte>((i * 7 + seed * 13 + (i >> 8)) & 0xff);
}

bool equal(std::span<const std::byte> a, std::span<const std::byte> b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

} // namespace

TEST_CASE("What a guest writes it reads back", "[R-11]") {
    Machine m;
    fill(m.guest.page(0), 1);
    CHECK(m.run_one(transfer(XVM_BLK_WRITE, 1, 16, 0)) == XVM_BLK_OK);
    CHECK(m.run_one(transfer(XVM_BLK_READ, 2, 16, 1)) == XVM_BLK_OK);
    CHECK(equal(m.guest.page(0), m.guest.page(1)));
    CHECK(m.run_one(transfer(XVM_BLK_READ, 3, 17, 2, 3, 3)) == XVM_BLK_OK);
    CHECK(equal(m.guest.page(2).subspan(3 * 512, 512), m.guest.page(0).subspan(512, 512)));
    CHECK(m.guest.page(2)[0] == std::byte{0});
    CHECK(m.guest.page(2)[4 * 512] == std::byte{0});
    CHECK(m.device.counters().reads == 2);
    CHECK(m.device.counters().writes == 1);
    CHECK(m.device.counters().written_bytes == 4096);
    CHECK(m.device.counters().read_bytes == 4096 + 512);
}

TEST_CASE("A request of 1 MiB goes through one page of segments", "[R-11]") {
    Machine m;
    for (std::size_t i = 0; i < 256; ++i)
        fill(m.guest.page(i), static_cast<unsigned>(i));
    CHECK(m.run_one(indirect(m.guest, XVM_BLK_WRITE, 1, 0, 0, 256, 599)) == XVM_BLK_OK);
    CHECK(m.run_one(indirect(m.guest, XVM_BLK_READ, 2, 0, 256, 256, 599)) == XVM_BLK_OK);
    for (std::size_t i = 0; i < 256; ++i)
        REQUIRE(equal(m.guest.page(i), m.guest.page(256 + i)));
    CHECK(m.device.counters().read_bytes == 1 << 20);
}

TEST_CASE("A batch costs one copy per direction, one publication and one event", "[R-1][R-2][R-15]") {
    Machine m;
    for (unsigned id = 0; id < 32; ++id)
        m.submit(transfer(id % 2 ? XVM_BLK_WRITE : XVM_BLK_READ, id, id * 8, id));
    CHECK(m.sends_to_back == 1); // the device slept at the first, and was being woken at the others
    const auto statuses = m.run();
    CHECK(statuses.size() == 32);
    CHECK(
        std::all_of(statuses.begin(), statuses.end(), [](const auto& s) { return s.second == XVM_BLK_OK; }));
    CHECK(m.guest.copies() == 2);
    CHECK(m.sends_to_front == 1);
    CHECK(m.device.counters().batches == 1);
    CHECK(m.device.counters().most_in_batch == 32);
}

TEST_CASE("More than the buffer holds is answered in several batches", "[R-10]") {
    Machine m(4 << 20, 1);
    for (std::uint64_t id = 0; id < 32; ++id)
        m.submit(indirect(m.guest, XVM_BLK_READ, id, 0, 0, 256, 599));
    CHECK(m.run().size() == 32);
    CHECK(m.device.counters().batches == 32 / (buffer_bytes >> 20));
}

TEST_CASE("A bad request is answered and the good ones beside it are carried out", "[R-14]") {
    Machine m;
    fill(m.guest.page(0), 5);
    m.submit(transfer(XVM_BLK_WRITE, 1, 0, 0));
    xvm_blk_request bad = transfer(XVM_BLK_WRITE, 2, 8, 0);
    bad.op = 77;
    m.submit(bad);
    m.submit(transfer(XVM_BLK_WRITE, 3, ~0ULL, 0));
    m.submit(transfer(XVM_BLK_READ, 4, 0, 1));
    const std::map<std::uint64_t, std::int32_t> expected{
        {1, XVM_BLK_OK}, {2, XVM_BLK_E_INVALID}, {3, XVM_BLK_E_RANGE}, {4, XVM_BLK_OK}};
    CHECK(m.run() == expected);
    CHECK(equal(m.guest.page(0), m.guest.page(1)));
    CHECK(m.device.counters().refused == 2);
}

TEST_CASE("A page that was not granted fails its own request and no other", "[R-14]") {
    Machine m;
    fill(m.guest.page(0), 9);
    m.guest.revoke(3);
    m.guest.make_read_only(4);
    m.submit(transfer(XVM_BLK_WRITE, 1, 0, 3));
    m.submit(transfer(XVM_BLK_WRITE, 2, 8, 0));
    m.submit(transfer(XVM_BLK_READ, 3, 8, 4));
    m.submit(transfer(XVM_BLK_READ, 4, 8, 1));
    xvm_blk_request list = indirect(m.guest, XVM_BLK_READ, 5, 0, 10, 8, 599);
    list.segments[0].gref = Fake_guest::gref(3);
    m.submit(list);
    const std::map<std::uint64_t, std::int32_t> expected{
        {1, XVM_BLK_E_GRANT}, {2, XVM_BLK_OK}, {3, XVM_BLK_E_GRANT}, {4, XVM_BLK_OK}, {5, XVM_BLK_E_GRANT}};
    CHECK(m.run() == expected);
    CHECK(equal(m.guest.page(0), m.guest.page(1)));
    // What could not be copied was not written: the disk's first page is as it was.
    CHECK(m.run_one(transfer(XVM_BLK_READ, 6, 0, 5)) == XVM_BLK_OK);
    CHECK(std::all_of(m.guest.page(5).begin(), m.guest.page(5).end(),
                      [](std::byte b) { return b == std::byte{0}; }));
    CHECK(m.device.counters().failed == 3);
}

TEST_CASE("When the host refuses to copy, every request fails and the reason is kept once", "[R-14]") {
    Machine m;
    m.guest.break_copy();
    for (unsigned id = 0; id < 8; ++id)
        m.submit(transfer(id % 2 ? XVM_BLK_WRITE : XVM_BLK_READ, id, 0, id));
    for (const auto& [id, status] : m.run())
        CHECK(status == XVM_BLK_E_GRANT);
    CHECK(m.device.take_failure());
    CHECK_FALSE(m.device.take_failure());
}

TEST_CASE("A read-only disk is read and flushed, never written", "[P-6]") {
    Machine m(1 << 20, 1, true);
    fill(m.guest.page(0), 1);
    CHECK(m.run_one(transfer(XVM_BLK_WRITE, 1, 0, 0)) == XVM_BLK_E_READ_ONLY);
    xvm_blk_request flush{};
    flush.header.id = 2;
    flush.op = XVM_BLK_FLUSH;
    CHECK(m.run_one(flush) == XVM_BLK_OK);
    CHECK(m.run_one(transfer(XVM_BLK_READ, 3, 0, 1)) == XVM_BLK_OK);
    CHECK(std::all_of(m.guest.page(1).begin(), m.guest.page(1).end(),
                      [](std::byte b) { return b == std::byte{0}; }));
}

TEST_CASE("A disk that fails answers with an error and goes on", "[R-14]") {
    Machine m(64 * 1024);
    REQUIRE(::truncate(m.file.path().c_str(), 4096) == 0);
    m.submit(transfer(XVM_BLK_READ, 1, 0, 0));
    m.submit(transfer(XVM_BLK_READ, 2, 8, 1));
    const std::map<std::uint64_t, std::int32_t> expected{{1, XVM_BLK_OK}, {2, XVM_BLK_E_IO}};
    CHECK(m.run() == expected);
    CHECK(m.device.take_failure()->line().find(m.file.path()) != std::string::npos);
}

TEST_CASE("A producer index out of reach stops the device for good", "[R-14]") {
    Machine m;
    reinterpret_cast<xvm_ring*>(m.guest.ring_bytes().data())->req_prod.value = 1000;
    m.device.begin_wake();
    CHECK_FALSE(m.device.run().worked);
    CHECK(m.device.broken());
    CHECK_FALSE(m.device.run().worked);
    CHECK(m.device.counters().batches == 0);
}

TEST_CASE("An event on an empty ring is harmless", "[R-9]") {
    Machine m;
    for (int i = 0; i < 100; ++i)
        CHECK(m.run().empty());
    CHECK(m.device.ring_counters().spurious == 100);
    CHECK(m.sends_to_front == 0);
    CHECK(m.run_one(transfer(XVM_BLK_READ, 1, 0, 0)) == XVM_BLK_OK);
}

TEST_CASE("Random requests end up on the disk exactly as on a model disk", "[R-11][R-14]") {
    constexpr std::uint64_t disk_sectors = 512;
    Machine m(disk_sectors * 512, 4);
    std::vector<std::byte> model(disk_sectors * 512);
    std::mt19937 random(7);
    const auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
    unsigned answered = 0;
    for (unsigned round = 0; round < 2000; ++round) {
        // One request at a time touches a page or a sector, so the order within a batch cannot matter.
        const unsigned count = 1 + below(8);
        std::map<std::uint64_t, xvm_blk_request> sent;
        for (unsigned i = 0; i < count; ++i) {
            const auto first = static_cast<std::uint8_t>(below(8));
            const auto last = static_cast<std::uint8_t>(first + below(8u - first));
            const auto op = static_cast<std::uint8_t>(below(2));
            const xvm_blk_request r = transfer(op, round * 8 + i, i * 64 + below(57), i, first, last);
            if (op == XVM_BLK_WRITE) fill(m.guest.page(i), random());
            sent.emplace(r.header.id, r);
            m.submit(r);
        }
        for (const auto& [id, status] : m.run()) {
            REQUIRE(status == XVM_BLK_OK);
            const xvm_blk_request& r = sent.at(id);
            const xvm_blk_segment& s = r.segments[0];
            const std::size_t bytes = (s.last_sector - s.first_sector + 1u) * 512u;
            const auto page = m.guest.page(s.gref - 1).subspan(s.first_sector * 512u, bytes);
            const auto disk = std::span(model).subspan(r.sector * 512, bytes);
            if (r.op == XVM_BLK_WRITE)
                std::copy(page.begin(), page.end(), disk.begin());
            else
                REQUIRE(equal(page, disk));
            ++answered;
        }
    }
    const Counters& c = m.device.counters();
    CHECK(c.reads + c.writes == answered);
    std::printf("block device: %u random requests verified, %llu batches\n", answered,
                static_cast<unsigned long long>(c.batches));
}
