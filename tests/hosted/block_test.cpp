// SPDX-License-Identifier: Apache-2.0
// Front ends and the back end on a hosted machine: I/O verified byte by byte, restarts, deaths, hostility.
#include "tests/hosted/block_host.hpp"
#include "tests/hosted/block_load.hpp"
#include "tests/unit/backends/pack_file.hpp"

#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>
#include <filesystem>
#include <spdlog/spdlog.h>

using namespace xvm;
using namespace xvm::test;
using port::hosted::Host;

namespace {

const bool quiet = [] {
    spdlog::set_level(spdlog::level::off);
    return true;
}();

struct Machine {
    std::shared_ptr<Host> host = Host::make();
    std::unique_ptr<port::hosted::Process> toolstack = *port::hosted::start_process(host, dom0);

    port::Store& store() { return toolstack->store(); }
    void add_guest(Domid guest) { REQUIRE(host->add_domain(guest)); }
    std::unique_ptr<Block_front> boot(const Disk_spec& spec, std::uint32_t ring_pages = 1) {
        return std::make_unique<Block_front>(*port::hosted::start_process(host, spec.guest), spec.guest,
                                             spec.devid, ring_pages);
    }
    std::string state_of(const std::string& dir) { return store().read(dir + "/state").value_or("none"); }
    /// What is in use beside the store's nodes.
    std::string holdings() {
        auto all = host->dump().as_object();
        return boost::json::serialize(all["mappings"]) + boost::json::serialize(all["ports"]);
    }
    template <class Condition>
    bool until(Condition&& condition) {
        for (int i = 0; i < 1000; ++i) {
            if (condition()) return true;
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        return false;
    }
};

std::string back_dir(const Disk_spec& spec) {
    return "/local/domain/0/backend/xvbd/" + std::to_string(number(spec.guest)) + "/" +
           std::to_string(spec.devid);
}

void print(const char* what, const Load_result& r, const xvm_ring_stats& front) {
    std::printf(
        "block %s: %llu requests, %.1f MiB, %llu wrong; front end sent %llu events, was woken %llu times\n",
        what, static_cast<unsigned long long>(r.requests), static_cast<double>(r.bytes) / (1 << 20),
        static_cast<unsigned long long>(r.wrong), static_cast<unsigned long long>(front.sends),
        static_cast<unsigned long long>(front.wakes));
}

} // namespace

TEST_CASE("Reads and writes of every size and depth carry the right bytes", "[R-1][R-5][R-11][R-15]") {
    struct Case {
        unsigned depth;
        std::uint32_t bytes_max;
        std::uint32_t ring_pages;
    };
    const auto c = GENERATE(Case{1, 512, 1}, Case{1, 4096, 1}, Case{4, 65536, 1}, Case{32, 4096, 1},
                            Case{32, 1 << 20, 1}, Case{32, 16384, 4});
    Machine m;
    m.add_guest(Domid{7});
    constexpr std::uint64_t disk_bytes = 64 << 20;
    const Temporary_file file(disk_bytes);
    const Disk_spec disk{Domid{7}, 0, "raw", file.path(), "w"};
    write_disk_nodes(m.store(), disk);
    Backend_process blkd(m.host);
    const auto front = m.boot(disk, c.ring_pages);
    front->connect();
    CHECK(front->sectors() == disk_bytes / 512);
    std::vector<std::byte> model(disk_bytes);
    Block_load load(*front, model, c.depth, c.bytes_max, true, c.depth + c.bytes_max);
    const Load_result result = load.run(c.bytes_max > 65536 ? 300 : 3000);
    CHECK(result.wrong == 0);

    // Counted when a batch is over, which is after its answers were seen.
    blkd::Vbd::Report report;
    CHECK(m.until([&] {
        report = blkd.reports().at(0);
        return report.work.counters.reads + report.work.counters.writes == result.requests;
    }));
    const block::Counters& counters = report.work.counters;
    CHECK(counters.refused + counters.failed == 0);
    const xvm_ring_stats sent = front->totals();
    // One event a sleep at most: the sleeps that were armed, and the one the ring begins with.
    CHECK(sent.sends <= report.work.back.arms + 1);
    char what[64];
    std::snprintf(what, sizeof what, "depth %2u, up to %7u bytes", c.depth, c.bytes_max);
    print(what, result, sent);
}

TEST_CASE("A flush is answered, and a read-only disk stays as it is", "[P-6]") {
    Machine m;
    m.add_guest(Domid{7});
    const Temporary_file file(1 << 20);
    const Disk_spec disk{Domid{7}, 0, "raw", file.path(), GENERATE("w", "r")};
    write_disk_nodes(m.store(), disk);
    Backend_process blkd(m.host);
    const auto front = m.boot(disk);
    front->connect();
    xvm_blk_request flush{};
    flush.header.id = 1;
    flush.op = XVM_BLK_FLUSH;
    front->submit(flush);
    CHECK(front->wait().at(1) == XVM_BLK_OK);
    const auto page = front->share(1);
    xvm_blk_request write{};
    write.header.id = 2;
    write.op = XVM_BLK_WRITE;
    write.nr_segments = 1;
    write.segments[0] = {number(page.grefs[0]), 0, 7, 0};
    front->submit(write);
    CHECK(front->wait().at(2) == (disk.mode == "w" ? XVM_BLK_OK : XVM_BLK_E_READ_ONLY));
    CHECK(m.store().read(back_dir(disk) + "/feature-flush") == (disk.mode == "w" ? "1" : "0"));
}

TEST_CASE("Two guests read one pack at the same time, and both read it right", "[P-5][P-6]") {
    Machine m;
    const Pack_file pack(3 << 20);
    std::vector<std::byte> model(pack.disk_bytes());
    {
        auto image = block::Image::open_raw(pack.path(), true);
        REQUIRE(image);
        REQUIRE(image->read(0, model));
    }
    Backend_process blkd(m.host);
    std::array<Load_result, 2> results;
    std::vector<std::thread> guests;
    for (unsigned i = 0; i < 2; ++i) {
        const Disk_spec disk{static_cast<Domid>(7 + i), 0, "pack", pack.path(), "r"};
        m.add_guest(disk.guest);
        write_disk_nodes(m.store(), disk);
        guests.emplace_back([&, disk, i] {
            const auto front = m.boot(disk);
            front->connect();
            Block_load load(*front, model, 8, 65536, false, i);
            results[i] = load.run(2000);
        });
    }
    for (std::thread& guest : guests)
        guest.join();
    for (const Load_result& result : results) {
        CHECK(result.requests == 2000);
        CHECK(result.wrong == 0);
    }
    std::printf("block: two guests on one pack: %llu requests, %llu wrong\n",
                static_cast<unsigned long long>(results[0].requests + results[1].requests),
                static_cast<unsigned long long>(results[0].wrong + results[1].wrong));
}

TEST_CASE("A restarted back end loses no request", "[R-13]") {
    Machine m;
    m.add_guest(Domid{7});
    constexpr std::uint64_t disk_bytes = 16 << 20;
    const Temporary_file file(disk_bytes);
    const Disk_spec disk{Domid{7}, 0, "raw", file.path(), "w"};
    write_disk_nodes(m.store(), disk);
    auto blkd = std::make_unique<Backend_process>(m.host);
    const auto front = m.boot(disk);
    front->connect();
    const bool killed = GENERATE(true, false);
    std::vector<std::byte> model(disk_bytes);
    Block_load load(*front, model, 16, 65536, true, 3);
    unsigned restarts = 0, calls = 0;
    const Load_result result = load.run(8000, [&] {
        if (restarts == 20 || ++calls % 5 != 0) return;
        killed ? blkd->kill() : blkd->stop();
        blkd = std::make_unique<Backend_process>(m.host);
        ++restarts;
    });
    CHECK(result.wrong == 0);
    CHECK(restarts >= 10);
    CHECK(front->connections() == restarts + 1);
    std::printf("block: %u times the back end %s: ", restarts, killed ? "was killed" : "stopped");
    print("replay", result, front->totals());
}

TEST_CASE("Detached by the toolstack, everything is given back", "[disk]") {
    Machine m;
    m.add_guest(Domid{7});
    const Temporary_file file(1 << 20);
    const Disk_spec disk{Domid{7}, 0, "raw", file.path(), "w"};
    Backend_process blkd(m.host);
    const std::string before = m.holdings();
    for (int round = 0; round < 3; ++round) {
        write_disk_nodes(m.store(), disk);
        const auto front = m.boot(disk);
        front->connect();
        request_close(m.store(), disk);
        CHECK(front->backend_left());
        front->close();
        REQUIRE(m.until([&] { return m.state_of(back_dir(disk)) == "6"; }));
        CHECK(m.holdings() == before);
        remove_disk_nodes(m.store(), disk);
        REQUIRE(m.until([&] { return blkd.reports().empty(); }));
    }
    // And the file is free again.
    CHECK(block::Image::open_raw(file.path(), false));
}

TEST_CASE("A guest that dies in the middle of I/O leaves nothing behind", "[R-13]") {
    Machine m;
    const Temporary_file file(1 << 20);
    Backend_process blkd(m.host);
    const std::string before = m.holdings();
    for (int round = 0; round < 10; ++round) {
        m.add_guest(Domid{7});
        const Disk_spec disk{Domid{7}, 0, "raw", file.path(), "w"};
        write_disk_nodes(m.store(), disk);
        const auto front = m.boot(disk, 2);
        front->connect();
        const auto pages = front->share(32);
        for (unsigned i = 0; i < 32; ++i) {
            xvm_blk_request write{};
            write.header.id = i + 1;
            write.op = XVM_BLK_WRITE;
            write.nr_segments = 1;
            write.sector = i * 8;
            write.segments[0] = {number(pages.grefs[i]), 0, 7, 0};
            front->submit(write);
        }
        static_cast<void>(front->wait());
        m.host->destroy_domain(Domid{7});
        front->die();
        REQUIRE(m.until([&] { return m.state_of(back_dir(disk)) == "6"; }));
        remove_disk_nodes(m.store(), disk);
        REQUIRE(m.until([&] { return blkd.reports().empty(); }));
        CHECK(m.holdings() == before);
    }
}

TEST_CASE("A back end that died while a disk was detached lets the front end go when it is back", "[disk]") {
    Machine m;
    m.add_guest(Domid{7});
    const Temporary_file file(1 << 20);
    const Disk_spec disk{Domid{7}, 0, "raw", file.path(), "w"};
    auto blkd = std::make_unique<Backend_process>(m.host);
    const auto front = m.boot(disk);
    write_disk_nodes(m.store(), disk);
    front->connect();
    blkd->kill();
    request_close(m.store(), disk);
    // The front end waits for answers that nobody will give: it does not move by itself.
    blkd = std::make_unique<Backend_process>(m.host);
    CHECK(m.until([&] { return m.state_of(back_dir(disk)) == "6"; }));
    front->close();
    remove_disk_nodes(m.store(), disk);
    CHECK(m.until([&] { return blkd->reports().empty(); }));
}

TEST_CASE("A file that grows is a disk that grows, once the toolstack touches the device", "[disk]") {
    Machine m;
    m.add_guest(Domid{7});
    const Temporary_file file(1 << 20);
    const Disk_spec disk{Domid{7}, 0, "raw", file.path(), "w"};
    write_disk_nodes(m.store(), disk);
    Backend_process blkd(m.host);
    const auto front = m.boot(disk);
    front->connect();
    const auto page = front->share(1);
    const auto write_at = [&](std::uint64_t id, std::uint64_t sector) {
        xvm_blk_request write{};
        write.header.id = id;
        write.op = XVM_BLK_WRITE;
        write.nr_segments = 1;
        write.sector = sector;
        write.segments[0] = {number(page.grefs[0]), 0, 7, 0};
        front->submit(write);
        return front->wait().at(id);
    };
    CHECK(write_at(1, 2048) == XVM_BLK_E_RANGE);
    const auto resized_to = [&](std::uint64_t sectors, const std::string& published) {
        std::filesystem::resize_file(file.path(), sectors * 512);
        REQUIRE(m.store().write(back_dir(disk) + "/online", "1"));
        return m.until([&] { return m.store().read(back_dir(disk) + "/sectors") == published; });
    };
    CHECK(resized_to(4096, "4096"));
    CHECK(m.state_of(back_dir(disk)) == "4");
    CHECK(m.until([&] { return write_at(2, 2048) == XVM_BLK_OK; }));
    CHECK(resized_to(1024, "1024"));
    CHECK(m.until([&] { return write_at(3, 2048) == XVM_BLK_E_RANGE; }));
    // A size that is none leaves the disk as it was.
    CHECK(resized_to(0, "1024"));
    CHECK(blkd.reports().at(0).sectors == 1024);
}

TEST_CASE("A disk that cannot be opened is refused with the reason in the store", "[disk]") {
    Machine m;
    m.add_guest(Domid{7});
    Backend_process blkd(m.host);
    Disk_spec disk{Domid{7}, 0, "raw", "/nowhere/disk.img", "w"};
    write_disk_nodes(m.store(), disk);
    CHECK(m.until([&] { return m.state_of(back_dir(disk)) == "6"; }));
    const std::string error = m.store().read(back_dir(disk) + "/error").value_or("");
    CHECK(error.find("/nowhere/disk.img") != std::string::npos);
    remove_disk_nodes(m.store(), disk);
    CHECK(m.until([&] { return blkd.reports().empty(); }));
}

TEST_CASE("A front end that names an absurd ring is refused", "[R-14]") {
    Machine m;
    m.add_guest(Domid{7});
    const Temporary_file file(1 << 20);
    Backend_process blkd(m.host);
    struct Case {
        const char* node;
        const char* value;
    };
    const Case lie =
        GENERATE(Case{"ring-pages", "3"}, Case{"ring-pages", "4294967297"}, Case{"ring-ref-0", "9999"},
                 Case{"ring-ref-0", "-1"}, Case{"event-channel", "1000"}, Case{"ring-features", "255"},
                 Case{"protocol", "x86_64-abi"});
    const Disk_spec disk{Domid{7}, 0, "raw", file.path(), "w"};
    write_disk_nodes(m.store(), disk);
    REQUIRE(m.until([&] { return m.state_of(back_dir(disk)) == "2"; }));
    const auto guest = *port::hosted::start_process(m.host, Domid{7});
    const auto ring = guest->granter().share(dom0, 1, port::Access::read_write);
    REQUIRE(ring);
    REQUIRE(ring::Region::create(ring->bytes, 0));
    const auto port = guest->events().alloc_unbound(dom0);
    const std::string f = "/local/domain/7/device/xvbd/0/";
    for (const auto& [node, value] :
         std::map<std::string, std::string>{{"protocol", "xvm-blk-1"},
                                            {"ring-pages", "1"},
                                            {"ring-ref-0", std::to_string(number(ring->grefs[0]))},
                                            {"event-channel", std::to_string(number(*port))},
                                            {"ring-features", "0"}})
        REQUIRE(guest->store().write(f + node, value));
    REQUIRE(guest->store().write(f + lie.node, lie.value));
    REQUIRE(guest->store().write(f + "state", "3"));
    CHECK(m.until([&] { return m.state_of(back_dir(disk)) == "5"; }));
    CHECK_FALSE(m.store().read(back_dir(disk) + "/error").value_or("").empty());
}

TEST_CASE("While one guest storms its ring, another's I/O is right", "[R-14]") {
    Machine m;
    m.add_guest(Domid{7});
    m.add_guest(Domid{8});
    const Temporary_file file(8 << 20), victim(8 << 20);
    const Disk_spec bad{Domid{7}, 0, "raw", file.path(), "w"}, good{Domid{8}, 0, "raw", victim.path(), "w"};
    write_disk_nodes(m.store(), bad);
    write_disk_nodes(m.store(), good);
    Backend_process blkd(m.host);
    const auto innocent = m.boot(good);
    innocent->connect();

    std::atomic<bool> go_on{true};
    std::atomic<unsigned> rings{0};
    // Rewrites its whole ring, indices and all, as fast as it can; connects anew when it was thrown out.
    std::thread storm([&] {
        std::mt19937 random(11);
        Disk_spec spec = bad;
        while (go_on) {
            auto front = m.boot(spec, 4);
            front->connect();
            ++rings;
            const auto pages = front->share(8);
            auto words = front->ring_bytes();
            auto* ring = reinterpret_cast<xvm_ring*>(words.data());
            for (int i = 0; go_on && i < 20'000 && !(i % 256 == 0 && front->backend_left()); ++i) {
                auto* slots = reinterpret_cast<xvm_blk_request*>(ring + 1);
                xvm_blk_request& r = slots[random() % 128];
                auto* raw = reinterpret_cast<unsigned char*>(&r);
                if (random() % 4 == 0) {
                    for (unsigned b = 16; b < 64; ++b)
                        raw[b] = static_cast<unsigned char>(random());
                } else {
                    r = {};
                    r.op = static_cast<std::uint8_t>(random() % 3);
                    r.nr_segments = static_cast<std::uint16_t>(random() % 6);
                    r.sector = random() % 20000;
                    r.segments[0] = {number(pages.grefs[random() % 8]), 0,
                                     static_cast<std::uint8_t>(random() % 9), 0};
                }
                auto prod = std::atomic_ref(ring->req_prod.value);
                prod.store(i % 5000 == 4999 ? static_cast<std::uint32_t>(random())
                                            : prod.load() + random() % 3);
                std::atomic_ref(ring->req_flag.value).store(static_cast<std::uint32_t>(random() % 4));
                std::atomic_ref(ring->rsp_cons.value).store(std::atomic_ref(ring->rsp_prod.value).load());
                static_cast<void>(front->poke());
            }
            // The toolstack gives it another chance under the next number.
            front->close();
            spec.devid++;
            const Disk_spec old{spec.guest, spec.devid - 1, "raw", file.path(), "w"};
            m.until([&] { return m.state_of(back_dir(old)) == "6"; });
            remove_disk_nodes(m.store(), old);
            write_disk_nodes(m.store(), spec);
        }
    });
    std::vector<std::byte> model(8 << 20);
    Block_load load(*innocent, model, 8, 65536, true, 5);
    const Load_result result = load.run(6000);
    go_on = false;
    storm.join();
    CHECK(result.wrong == 0);
    CHECK(rings > 0);
    std::printf("block: beside %u rings stormed to their end, ", rings.load());
    print("innocent guest", result, innocent->totals());
}
