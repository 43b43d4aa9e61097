// SPDX-License-Identifier: Apache-2.0
// Counts every load from the shared region: no word is fetched twice for one decision, so a peer that
// rewrites it cannot make the ring act on two different values.
#include "tests/unit/libvmshare/ring/observed_memory.hpp"
#include "tests/unit/libvmshare/ring/ring_page.hpp"

#include <catch2/catch.hpp>
#include <map>

using namespace xvm;
using namespace xvm::test;
using ring::Arm;
using ring::Take;

namespace {

std::map<const void*, unsigned> loads;

/// Counts while it lives.
struct Counting {
    Counting() {
        on_load = [](const void* word) {
            if (word) ++loads[word];
        };
    }
    Counting(const Counting&) = delete;
    Counting& operator=(const Counting&) = delete;
    ~Counting() { on_load = nullptr; }
};

unsigned total() {
    unsigned sum = 0;
    for (const auto& [word, count] : loads)
        sum += count;
    return sum;
}
bool each_once() {
    for (const auto& [word, count] : loads)
        if (count != 1) return false;
    return true;
}

struct Cpp_ends {
    explicit Cpp_ends(Ring_memory& memory)
        : producer(memory.region().requests<Req, Observed_memory>()),
          consumer(memory.region().requests<Req, Observed_memory>()) {}
    ring::Producer<Req, Observed_memory> producer;
    ring::Consumer<Req, Observed_memory> consumer;
};
struct C_ends {
    explicit C_ends(Ring_memory& memory) : producer(memory), consumer(memory) {}
    C::Producer<Requests> producer;
    C::Consumer<Requests> consumer;
};

} // namespace

TEMPLATE_TEST_CASE("No shared word is loaded twice for one decision", "[R-14]", Cpp_ends, C_ends) {
    Ring_memory memory(1, GENERATE(0u, XVM_RING_F_CLAIM));
    TestType ends(memory);
    const Counting counting;
    Req slot;
    constexpr unsigned words = sizeof(Req) / 8;

    loads.clear();
    CHECK(ends.producer.room() == 32);
    ends.producer.push(make_slot<Req>(1));
    ends.producer.push(make_slot<Req>(2));
    CHECK(total() == 0); // private until published
    (void)ends.producer.publish();
    CHECK(total() == 1); // the flag
    CHECK(each_once());

    loads.clear();
    ends.consumer.begin_wake();
    CHECK(total() == 0);
    CHECK(ends.consumer.take(slot) == Take::taken);
    CHECK(total() == 1 + words); // the index, and every word of the slot
    CHECK(each_once());

    loads.clear();
    CHECK(ends.consumer.take(slot) == Take::taken);
    CHECK(total() == words); // known of already
    CHECK(each_once());

    loads.clear();
    CHECK(ends.consumer.take(slot) == Take::empty);
    CHECK(total() == 1);
    loads.clear();
    CHECK(ends.consumer.arm() == Arm::sleep);
    CHECK(total() == 1);

    ends.consumer.begin_wake();
    ends.producer.push(make_slot<Req>(3));
    (void)ends.producer.publish();
    loads.clear();
    CHECK(ends.consumer.arm() == Arm::work);
    CHECK(ends.consumer.take(slot) == Take::taken); // by the index that the re-check saw
    CHECK(total() == 1 + words);
    CHECK(each_once());

    for (unsigned i = 0; i < 29; ++i)
        ends.producer.push(make_slot<Req>(i));
    loads.clear();
    CHECK(ends.producer.room() == 2); // arm() gave back two, the third is held
    CHECK(total() == 1);
}
