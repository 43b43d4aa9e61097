// SPDX-License-Identifier: Apache-2.0
// A peer that rewrites the whole region while we read it: never out of bounds (guard pages lie on both
// sides), never a spin without end, never an answer without a request.
#include "tests/unit/libvmshare/ring/ring_page.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <mutex>
#include <random>
#include <sys/mman.h>
#include <thread>

using namespace xvm;
using namespace xvm::test;
using ring::Arm;
using ring::Take;

namespace {

constexpr std::size_t page_bytes = XVM_RING_PAGE_BYTES;

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

/// Rewrites indices mostly to what could be true, flags to anything, slots and constants to noise.
class Mutator {
  public:
    explicit Mutator(xvm_ring& ring, unsigned seed)
        : thread_([this, &ring, seed] {
              std::mt19937 random(seed);
              while (!stop_.load(std::memory_order_relaxed)) {
                  if (wanted_) {
                      std::this_thread::yield(); // a mutex alone would hardly ever let the other in
                      continue;
                  }
                  const std::lock_guard hold(formatting_);
                  step(ring, random);
              }
          }) {}
    Mutator(const Mutator&) = delete;
    Mutator& operator=(const Mutator&) = delete;
    ~Mutator() {
        stop_ = true;
        thread_.join();
    }

    /// Makes the page a ring at rest while the peer holds still, as before it is granted.
    ring::Region format(Guarded_page& page, std::uint32_t features) {
        wanted_ = true;
        const std::lock_guard hold(formatting_);
        wanted_ = false;
        return ring::Region::create(page.bytes(), features).value();
    }

  private:
    static void step(xvm_ring& ring, std::mt19937& random) {
        xvm_ring_word* const words[] = {&ring.req_prod, &ring.req_cons, &ring.req_flag,
                                        &ring.rsp_prod, &ring.rsp_cons, &ring.rsp_flag};
        const unsigned which = random() % 8;
        if (which < 6) {
            std::atomic_ref<std::uint32_t> word(words[which]->value);
            const bool flag = which % 3 == 2;
            const std::uint32_t small = random() % 4 - (random() % 16 == 0 ? 3 : 0);
            word.store(random() % 256 == 0 ? random() : flag ? small : word.load() + small);
        } else {
            const std::size_t at = random() % (page_bytes / 8);
            std::atomic_ref<std::uint64_t>(reinterpret_cast<std::uint64_t*>(&ring)[at])
                .store(std::uint64_t{random()} << 32 | random(), std::memory_order_relaxed);
        }
    }
    std::mutex formatting_;
    std::atomic<bool> stop_ = false, wanted_ = false;
    std::thread thread_;
};

/// The peer's thread runs when the machine lets it: so the length of a test is what was seen.
struct Seen {
    unsigned taken = 0, broken = 0;
    bool enough() const { return taken >= 5000 && broken >= 100; }
};

} // namespace

TEST_CASE("A server outlives a peer that rewrites everything at any time", "[R-14]") {
    Guarded_page page;
    Seen seen;
    Mutator mutator(page.ring(), 1);
    for (unsigned connection = 0; !seen.enough(); ++connection) {
        const ring::Region region = mutator.format(page, connection % 2);
        ring::Server<Req, Rsp> server(region);
        for (unsigned turn = 0; turn < 20000 && !server.broken(); ++turn) {
            std::this_thread::yield(); // let the peer work on one processor too
            server.begin_wake();
            for (unsigned arms = 0; arms < 100; ++arms) { // a caller's budget for one turn
                Req request;
                Take verdict;
                while ((verdict = server.take(request)) == Take::taken) {
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
}

TEMPLATE_TEST_CASE("A front end outlives a back end that rewrites everything at any time", "[R-14]",
                   Cpp_front, C_front) {
    Guarded_page page;
    Seen seen;
    Mutator mutator(page.ring(), 2);
    for (unsigned connection = 0; !seen.enough(); ++connection) {
        const ring::Region region = mutator.format(page, connection % 2);
        TestType front = [&] {
            if constexpr (std::is_same_v<TestType, C_front>)
                return TestType(region, page.ring());
            else
                return TestType(region);
        }();
        for (unsigned turn = 0; turn < 20000 && !front.broken(); ++turn) {
            for (std::uint32_t room = front.room(); room > 0; --room)
                front.push(make_slot<Req>(turn));
            (void)front.publish();
            std::this_thread::yield();
            front.begin_wake();
            for (unsigned arms = 0; arms < 100; ++arms) {
                Rsp response;
                while (front.take(response) == Take::taken)
                    ++seen.taken;
                if (front.unanswered() > region.nslots()) FAIL("more answers taken than asked for");
                if (front.arm() == Arm::sleep) break;
            }
        }
        seen.broken += front.broken();
    }
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
        REQUIRE(taken <= memory.region().nslots());
        REQUIRE(arms <= 2);
    }
}
