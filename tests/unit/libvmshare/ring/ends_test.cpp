// SPDX-License-Identifier: Apache-2.0
// The front end (C and C++) and the back end together: the capacity rule, and a peer that breaks it.
#include "tests/unit/libvmshare/ring/ring_page.hpp"

#include <catch2/catch.hpp>
#include <vector>

using namespace xvm;
using namespace xvm::test;
using ring::Arm;
using ring::Take;

namespace {

constexpr std::uint32_t nslots = XVM_RING_NSLOTS(1);
using Server = ring::Server<Req, Rsp>;

template <class Front>
Front make_front(Ring_memory& memory) {
    if constexpr (std::is_same_v<Front, C_front>)
        return Front(memory.region(), memory.page(), memory.start());
    else
        return Front(memory.region(), memory.start());
}

Rsp answer(const Req& request) {
    return Rsp{{request.hdr.id, 0, 0}, request.body[0]};
}

template <class Front>
struct Ends {
    explicit Ends(std::uint32_t start = 0)
        : memory(1, XVM_RING_F_CLAIM, start), front(make_front<Front>(memory)),
          server(memory.region(), start) {}

    void ask(std::uint64_t number) {
        REQUIRE(front.room() > 0);
        front.push(make_slot<Req>(number));
    }
    /// The number of requests that the server takes now; the last one is in `request`.
    unsigned take_all() {
        unsigned count = 0;
        while (server.take(request) == Take::taken)
            ++count;
        return count;
    }

    Ring_memory memory;
    Front front;
    Server server;
    Req request{};
    Rsp response{};
};

} // namespace

TEMPLATE_TEST_CASE("A request is answered, with one send each way", "[R-1][R-15]", Cpp_front, C_front) {
    Ends<TestType> ends;
    ends.ask(7);
    CHECK(ends.front.publish());
    ends.server.begin_wake();
    REQUIRE(ends.server.take(ends.request) == Take::taken);
    CHECK(is_slot(ends.request, 7));
    ends.server.respond(answer(ends.request));
    CHECK(ends.server.publish());
    CHECK(ends.server.arm() == Arm::sleep);
    ends.front.begin_wake();
    REQUIRE(ends.front.take(ends.response) == Take::taken);
    CHECK(ends.response.hdr.id == 7);
    CHECK(ends.front.take(ends.response) == Take::empty);
    CHECK(ends.front.arm() == Arm::sleep);
    CHECK(ends.memory.page().front_stats.sends == 1);
    CHECK(ends.memory.page().back_stats.arms == 1);
}

TEMPLATE_TEST_CASE("A full ring takes no more requests until answers are taken", "[R-10]", Cpp_front,
                   C_front) {
    Ends<TestType> ends(GENERATE(0u, 0xfffffff0u));
    for (unsigned i = 0; i < nslots; ++i)
        ends.ask(i);
    CHECK(ends.front.room() == 0);
    CHECK(ends.front.publish());
    CHECK(ends.take_all() == nslots);
    CHECK(ends.front.room() == 0); // taken by the server, and not answered
    for (unsigned i = 0; i < nslots; ++i)
        ends.server.respond(answer(ends.request));
    CHECK(ends.server.publish());
    CHECK(ends.front.room() == 0); // answered, and not taken
    CHECK(ends.front.take(ends.response) == Take::taken);
    CHECK(ends.front.room() == 1);
    CHECK_FALSE(ends.server.broken());
    CHECK_FALSE(ends.front.broken());
}

TEMPLATE_TEST_CASE("Requests may be answered in any order", "[R-11]", Cpp_front, C_front) {
    Ends<TestType> ends;
    for (unsigned i = 0; i < 4; ++i)
        ends.ask(i);
    (void)ends.front.publish();
    std::vector<Req> taken(4);
    for (Req& request : taken)
        REQUIRE(ends.server.take(request) == Take::taken);
    for (const unsigned i : {2u, 0u, 3u, 1u})
        ends.server.respond(answer(taken[i]));
    (void)ends.server.publish();
    for (const unsigned i : {2u, 0u, 3u, 1u}) {
        REQUIRE(ends.front.take(ends.response) == Take::taken);
        CHECK(ends.response.hdr.id == i);
    }
}

TEMPLATE_TEST_CASE("A back end that answers more than it was asked is broken", "[R-14]", Cpp_front, C_front) {
    Ends<TestType> ends;
    ends.ask(1);
    (void)ends.front.publish();
    ends.memory.page().rsp_prod.value = 2;
    CHECK(ends.front.take(ends.response) == Take::taken);
    CHECK(ends.front.take(ends.response) == Take::broken);
    CHECK(ends.front.broken());
    CHECK(ends.front.room() == 0);
    CHECK(ends.front.take(ends.response) == Take::broken);
    CHECK(ends.front.arm() == Arm::sleep);
}

TEST_CASE("A front end that leaves no room for an answer is broken", "[R-14]") {
    Ends<Cpp_front> ends;
    ends.memory.page().req_prod.value = nslots; // as many as there are answers
    CHECK(ends.take_all() == nslots);
    CHECK_FALSE(ends.server.broken());
    CHECK(ends.server.arm() == Arm::sleep);
    ends.memory.page().req_prod.value = nslots + 1; // and one more
    CHECK(ends.server.take(ends.request) == Take::broken);
    CHECK(ends.server.broken());
    for (unsigned i = 0; i < nslots; ++i)
        ends.server.respond(answer(ends.request)); // still has room
    CHECK(ends.server.unanswered() == 0);
    CHECK(ends.server.take(ends.request) == Take::broken);
    CHECK(ends.server.arm() == Arm::sleep);
}

TEST_CASE("A front end that never takes its answers stops only itself", "[R-14]") {
    Ends<Cpp_front> ends;
    for (unsigned i = 1; i <= nslots; ++i) {
        ends.memory.page().req_prod.value = i;
        REQUIRE(ends.server.take(ends.request) == Take::taken);
        ends.server.respond(answer(ends.request));
        (void)ends.server.publish();
    }
    ends.memory.page().req_prod.value = nslots + 1;
    CHECK(ends.server.take(ends.request) == Take::broken);
}

TEST_CASE("A region is attached only as it was created", "[R-13][R-14]") {
    const unsigned pages = GENERATE(1u, 2u, 4u, 8u, 16u);
    Ring_memory memory(pages, XVM_RING_F_CLAIM);
    const auto attached = ring::Region::attach(memory.bytes());
    REQUIRE(attached);
    CHECK(attached->nslots() == XVM_RING_NSLOTS(pages));
    CHECK(attached->features() == XVM_RING_F_CLAIM);

    xvm_ring_constants& constants = memory.page().constants;
    const auto refused = [&] { return !ring::Region::attach(memory.bytes()); };
    SECTION("magic") {
        ++constants.magic;
    }
    SECTION("major version") {
        ++constants.abi_major;
    }
    SECTION("header size") {
        constants.header_bytes *= 2;
    }
    SECTION("request size") {
        constants.req_slot_bytes = 128;
    }
    SECTION("response size") {
        constants.rsp_slot_bytes = 0;
    }
    SECTION("more slots than fit") {
        constants.nslots *= 2;
    }
    SECTION("no slots") {
        constants.nslots = 0;
    }
    SECTION("unknown feature") {
        constants.features |= 0x80000000u;
    }
    CHECK(refused());
}

TEST_CASE("A feature that was not offered is refused; a newer minor version is not", "[R-14]") {
    Ring_memory memory(1, XVM_RING_F_CLAIM);
    const auto refused = ring::Region::attach(memory.bytes(), 0);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().line().find("features 1") != std::string::npos);
    memory.page().constants.abi_minor = 7;
    CHECK(ring::Region::attach(memory.bytes()));
}

TEST_CASE("A region of an odd size is refused by both ends") {
    Ring_memory memory(16);
    for (const std::size_t bytes : {0u, 4095u, 3u * 4096u, 32u * 4096u}) {
        if (bytes <= memory.bytes().size()) {
            CHECK_FALSE(ring::Region::create(memory.bytes().first(bytes), 0));
            CHECK_FALSE(ring::Region::attach(memory.bytes().first(bytes)));
        }
    }
}

TEST_CASE("The C format and the C++ create write the same bytes") {
    Ring_memory cpp(2, XVM_RING_F_CLAIM), c(2);
    std::memset(c.bytes().data(), 0, c.bytes().size());
    xvm_ring_format(&c.page(), 2, XVM_RING_F_CLAIM, 0);
    CHECK(std::memcmp(cpp.bytes().data(), c.bytes().data(), c.bytes().size()) == 0);
}

TEST_CASE("A reconnected ring begins at rest, whatever the last one left", "[R-13]") {
    Ring_memory memory;
    std::memset(memory.bytes().data(), 0xa5, memory.bytes().size());
    const auto region = ring::Region::create(memory.bytes(), 0, 2);
    REQUIRE(region);
    CHECK(ring::Region::attach(memory.bytes())->generation() == 2);
    for (const xvm_ring_word* word :
         {&memory.page().req_prod, &memory.page().req_cons, &memory.page().rsp_prod, &memory.page().rsp_cons})
        CHECK(word->value == 0);
    CHECK(memory.page().req_flag.value == XVM_RING_SLEEPING);
    CHECK(memory.page().rsp_flag.value == XVM_RING_SLEEPING);
}
