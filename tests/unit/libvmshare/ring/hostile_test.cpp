// SPDX-License-Identifier: Apache-2.0
// A peer that rewrites the region between any two of our loads: never out of bounds (guard pages lie on
// both sides), never a spin without end, never more taken than can be answered. Seeded, so it repeats.
#include "tests/unit/libvmshare/ring/observed_memory.hpp"
#include "tests/unit/libvmshare/ring/ring_page.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <sys/mman.h>

using namespace xvm;
using namespace xvm::test;
using ring::Arm;
using ring::Take;

namespace {

constexpr std::size_t page_bytes = XVM_RING_PAGE_BYTES;
using Observed_front = ring::Client<Req, Rsp, Observed_memory>;
using Observed_server = ring::Server<Req, Rsp, Observed_memory>;

/// One page with nothing but faults on both sides of it.
class Guarded_page {
  public:
    Guarded_page()
        : base_(static_cast<std::byte*>(
              ::mmap(nullptr, 3 * page_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {
        REQUIRE(::mprotect(base_ + page_bytes, page_bytes, PROT_READ | PROT_WRITE) == 0);
    }
    Guarded_page(const Guarded_page&) = delete;
    Guarded_page& operator=(const Guarded_page&) = delete;
    ~Guarded_page() { ::munmap(base_, 3 * page_bytes); }
    std::span<std::byte> bytes() { return {base_ + page_bytes, page_bytes}; }
    xvm_ring& ring() { return *reinterpret_cast<xvm_ring*>(base_ + page_bytes); }

  private:
    std::byte* base_;
};

/// Moves indices mostly to where they could be, flags to anything, slots and constants to noise.
class Hostile_peer {
  public:
    Hostile_peer(xvm_ring& ring, unsigned seed) : ring_(ring), random_(seed) {
        on_load = [this](const void*) {
            while (random_() % 2)
                step();
        };
    }
    Hostile_peer(const Hostile_peer&) = delete;
    Hostile_peer& operator=(const Hostile_peer&) = delete;
    ~Hostile_peer() { on_load = nullptr; }

  private:
    void step() {
        xvm_ring_word* const words[] = {&ring_.req_prod, &ring_.req_cons, &ring_.req_flag,
                                        &ring_.rsp_prod, &ring_.rsp_cons, &ring_.rsp_flag};
        const unsigned which = random_() % 8;
        if (which >= 6) {
            reinterpret_cast<std::uint64_t*>(&ring_)[random_() % (page_bytes / 8)] =
                std::uint64_t{random_()} << 32 | random_();
            return;
        }
        std::uint32_t& word = words[which]->value;
        const std::uint32_t small = random_() % 4 - (random_() % 16 == 0 ? 3 : 0);
        if (random_() % 256 == 0)
            word = random_();
        else
            word = which % 3 == 2 ? small : word + small;
    }
    xvm_ring& ring_;
    std::mt19937 random_;
};

/// As `Cpp` in ring_page.hpp, seen by the test.
struct Observed {
    template <class Direction>
    struct Consumer : ring::Consumer<Req, Observed_memory> {
        explicit Consumer(Ring_memory& memory)
            : ring::Consumer<Req, Observed_memory>(memory.region().requests<Req, Observed_memory>()) {}
    };
};

struct Seen {
    unsigned taken = 0, broken = 0;
};
constexpr unsigned connections = 2000, turns = 200, looks_per_turn = 100;

template <class Front>
Front make_front(const ring::Region& region, xvm_ring& page) {
    if constexpr (std::is_same_v<Front, C_front>)
        return Front(region, page);
    else
        return Front(region);
}

} // namespace

extern "C" void xvm_count_load(const void* word) {
    if (on_load) on_load(word);
}

TEST_CASE("A server outlives a peer that rewrites everything at any time", "[R-14]") {
    Guarded_page page;
    Seen seen;
    for (unsigned connection = 0; connection < connections; ++connection) {
        const ring::Region region = ring::Region::create(page.bytes(), connection % 2).value();
        const Hostile_peer peer(page.ring(), connection);
        Observed_server server(region);
        for (unsigned turn = 0; turn < turns && !server.broken(); ++turn) {
            server.begin_wake();
            for (unsigned look = 0; look < looks_per_turn; ++look) { // a caller's budget
                Req request;
                while (server.take(request) == Take::taken) {
                    ++seen.taken;
                    if (server.unanswered() > region.nslots())
                        FAIL("more requests taken than can be answered");
                    server.respond(Rsp{{request.hdr.id, 0, 0}, 0});
                    (void)server.publish();
                }
                if (server.arm() == Arm::sleep) break;
            }
        }
        seen.broken += server.broken();
    }
    CHECK(seen.taken > connections);
    CHECK(seen.broken > connections / 2);
}

TEMPLATE_TEST_CASE("A front end outlives a back end that rewrites everything at any time", "[R-14]",
                   Observed_front, C_front) {
    Guarded_page page;
    Seen seen;
    for (unsigned connection = 0; connection < connections; ++connection) {
        const ring::Region region = ring::Region::create(page.bytes(), connection % 2).value();
        const Hostile_peer peer(page.ring(), connection);
        TestType front = make_front<TestType>(region, page.ring());
        for (unsigned turn = 0; turn < turns && !front.broken(); ++turn) {
            for (std::uint32_t room = front.room(); room > 0; --room)
                front.push(make_slot<Req>(turn));
            (void)front.publish();
            front.begin_wake();
            for (unsigned look = 0; look < looks_per_turn; ++look) {
                Rsp response;
                while (front.take(response) == Take::taken)
                    ++seen.taken;
                if (front.unanswered() > region.nslots()) FAIL("more requests in flight than slots");
                if (front.arm() == Arm::sleep) break;
            }
        }
        seen.broken += front.broken();
    }
    CHECK(seen.taken > connections);
    CHECK(seen.broken > connections / 2);
}

TEMPLATE_TEST_CASE("Work found by the re-check is taken, whatever the peer writes meanwhile", "[R-14]",
                   Observed, C) {
    // So a peer that flips an index cannot keep a consumer between arm() and an empty queue.
    unsigned found = 0;
    for (unsigned seed = 0; seed < 20000; ++seed) {
        Ring_memory memory;
        typename TestType::template Consumer<Requests> consumer(memory);
        Req request;
        if (consumer.take(request) != Take::empty) FAIL("a fresh ring is empty");
        const Hostile_peer peer(memory.page(), seed);
        if (consumer.arm() != Arm::work) continue;
        ++found;
        if (consumer.take(request) == Take::empty) FAIL("woken by the re-check for nothing, seed " << seed);
    }
    CHECK(found > 1000);
}

TEST_CASE("A wake-up ends whatever indices stand still in the page", "[R-14]") {
    std::mt19937 random(3);
    for (unsigned i = 0; i < 20000; ++i) {
        Ring_memory memory(1, i % 2, random());
        const std::uint32_t near = random() % 80 - 40;
        memory.page().req_prod.value = memory.start() + (i % 4 ? near : static_cast<std::uint32_t>(random()));
        memory.page().rsp_cons.value = memory.start() - random() % 3;
        memory.page().req_flag.value = random();
        ring::Server<Req, Rsp> server(memory.region(), memory.start());
        Req request;
        unsigned taken = 0, arms = 0;
        server.begin_wake();
        do {
            while (server.take(request) == Take::taken)
                ++taken;
            ++arms;
        } while (server.arm() == Arm::work);
        if (taken > memory.region().nslots() || arms > 2) FAIL("index " << memory.page().req_prod.value);
    }
}
