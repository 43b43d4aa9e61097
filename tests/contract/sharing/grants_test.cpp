// SPDX-License-Identifier: Apache-2.0
// libvmshare/port/grants.hpp, sentence by sentence.
#include "tests/contract/sharing/fixture.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

using namespace xvm;
using namespace xvm::test;
using port::Access;
using port::Direction;
using port::Grant_copy;
using port::page_bytes;

namespace {

void fill(std::span<std::byte> bytes, unsigned seed) {
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<std::byte>(seed * 31 + i * 7 + i / 256);
}

bool same(std::span<const std::byte> a, std::span<const std::byte> b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

bool all_are(std::span<const std::byte> bytes, std::byte wanted) {
    return std::all_of(bytes.begin(), bytes.end(), [&](std::byte b) { return b == wanted; });
}

constexpr Gref never_granted{30'000};

} // namespace

TEST_CASE_METHOD(Fixture, "Shared pages are zeroed and seen by both sides", "[contract][grants]") {
    XVM_SKIP_IF(world->lacks_granting());
    const auto shared = value(far->granter()->share(near->domid(), 3, Access::read_write));
    REQUIRE(shared.bytes.size() == 3 * page_bytes);
    REQUIRE(shared.grefs.size() == 3);
    CHECK(all_are(shared.bytes, std::byte{0}));

    const auto map = value(near->grants().map(far->domid(), shared.grefs, Access::read_write));
    REQUIRE(map.bytes().size() == 3 * page_bytes);
    fill(shared.bytes, 1);
    CHECK(same(map.bytes(), shared.bytes));
    fill(map.bytes(), 2);
    CHECK(same(map.bytes(), shared.bytes));
}

TEST_CASE_METHOD(Fixture, "Grants are mapped in the order asked for, as one stretch", "[contract][grants]") {
    XVM_SKIP_IF(world->lacks_granting());
    const auto first = value(far->granter()->share(near->domid(), 2, Access::read_write));
    const auto second = value(far->granter()->share(near->domid(), 1, Access::read_write));
    fill(first.bytes, 3);
    fill(second.bytes, 4);
    const std::array order{first.grefs[1], second.grefs[0], first.grefs[0]};
    const auto map = value(near->grants().map(far->domid(), order, Access::read_only));
    CHECK(same(map.bytes().subspan(0, page_bytes), first.bytes.subspan(page_bytes, page_bytes)));
    CHECK(same(map.bytes().subspan(page_bytes, page_bytes), second.bytes));
    CHECK(same(map.bytes().subspan(2 * page_bytes), first.bytes.subspan(0, page_bytes)));
}

TEST_CASE_METHOD(Fixture, "A mapping lives as long as its Grant_map, also when that moves",
                 "[contract][grants]") {
    XVM_SKIP_IF(world->lacks_granting());
    XVM_SKIP_IF(world->lacks_busy_end());
    const auto shared = value(far->granter()->share(near->domid(), 1, Access::read_write));
    {
        port::Grant_map outer;
        {
            auto inner = value(near->grants().map(far->domid(), shared.grefs, Access::read_write));
            outer = std::move(inner);
            CHECK(inner.bytes().empty()); // NOLINT: moved from, and that is the point
        }
        fill(outer.bytes(), 5);
        CHECK(same(outer.bytes(), shared.bytes));
        CHECK(fault(far->granter()->end(shared.grefs)) == Fault::busy);
    }
    done(far->granter()->end(shared.grefs));
}

TEST_CASE_METHOD(Fixture, "A grant in use cannot be ended, and stays whole", "[contract][grants]") {
    XVM_SKIP_IF(world->lacks_granting());
    XVM_SKIP_IF(world->lacks_busy_end());
    const auto shared = value(far->granter()->share(near->domid(), 2, Access::read_write));
    const std::array one{shared.grefs[1]};
    {
        const auto map = value(near->grants().map(far->domid(), one, Access::read_write));
        CHECK(fault(far->granter()->end(shared.grefs)) == Fault::busy);
        const auto other = value(near->grants().map(far->domid(), shared.grefs, Access::read_write));
        fill(shared.bytes, 6);
        CHECK(same(other.bytes(), shared.bytes));
    }
    done(far->granter()->end(shared.grefs));
}

TEST_CASE_METHOD(Fixture, "What is not granted, or not so, is not mapped: all or nothing",
                 "[contract][grants]") {
    XVM_SKIP_IF(world->lacks_granting());
    const auto writable = value(far->granter()->share(near->domid(), 1, Access::read_write));
    const auto readable = value(far->granter()->share(near->domid(), 1, Access::read_only));

    const std::array unknown{writable.grefs[0], never_granted};
    CHECK(fault(near->grants().map(far->domid(), unknown, Access::read_only)) == Fault::failed);
    const std::array read_only{writable.grefs[0], readable.grefs[0]};
    CHECK(fault(near->grants().map(far->domid(), read_only, Access::read_write)) == Fault::failed);
    CHECK(near->grants().map(far->domid(), read_only, Access::read_only));

    const std::array ended{writable.grefs[0]};
    done(far->granter()->end(writable.grefs)); // so nothing of it stayed mapped
    CHECK(fault(near->grants().map(far->domid(), ended, Access::read_only)) == Fault::failed);
}

TEST_CASE_METHOD(Fixture, "A page granted to another domain is not ours to map or to copy",
                 "[contract][grants]") {
    XVM_SKIP_IF(world->lacks_granting());
    XVM_SKIP_IF(world->lacks_far_domain());
    const auto foreign = value(far->granter()->share(far->domid(), 1, Access::read_write));
    CHECK(fault(near->grants().map(far->domid(), foreign.grefs, Access::read_only)) == Fault::failed);
    std::array<std::byte, 16> local{};
    std::array elements{Grant_copy{foreign.grefs[0], 0, 16, local.data()}};
    done(near->grants().copy(far->domid(), elements));
    CHECK_FALSE(elements[0].ok);
}

TEST_CASE_METHOD(Fixture, "A read-only mapping cannot be written", "[contract][grants][T-8]") {
    XVM_SKIP_IF(world->lacks_granting());
    const auto shared = value(far->granter()->share(near->domid(), 1, Access::read_write));
    const auto map = value(near->grants().map(far->domid(), shared.grefs, Access::read_only));
    fill(shared.bytes, 7);
    CHECK(same(map.bytes(), shared.bytes));
    // The kernel writes where we would: it answers with an error what would kill the test.
    const int zero = ::open("/dev/zero", O_RDONLY | O_CLOEXEC);
    CHECK(::read(zero, map.bytes().data(), 16) == -1);
    CHECK(errno == EFAULT);
    ::close(zero);
    CHECK(same(map.bytes(), shared.bytes));
}

TEST_CASE_METHOD(Fixture, "copy() moves exactly the bytes asked for, both ways", "[contract][grants]") {
    XVM_SKIP_IF(world->lacks_granting());
    const auto shared = value(far->granter()->share(near->domid(), 2, Access::read_write));
    fill(shared.bytes, 8);
    std::array<std::byte, page_bytes> local{};
    local.fill(std::byte{0xee});
    std::array from{Grant_copy{shared.grefs[1], 100, 50, local.data() + 10, Direction::from_guest}};
    done(near->grants().copy(far->domid(), from));
    REQUIRE(from[0].ok);
    CHECK(same(std::span(local).subspan(10, 50), shared.bytes.subspan(page_bytes + 100, 50)));
    CHECK(all_are(std::span(local).first(10), std::byte{0xee}));
    CHECK(all_are(std::span(local).subspan(60), std::byte{0xee}));

    std::array<std::byte, 2 * page_bytes> before{};
    std::copy(shared.bytes.begin(), shared.bytes.end(), before.begin());
    std::array to{Grant_copy{shared.grefs[0], 4000, 96, local.data(), Direction::to_guest}};
    done(near->grants().copy(far->domid(), to));
    REQUIRE(to[0].ok);
    CHECK(same(shared.bytes.subspan(4000, 96), std::span(local).first(96)));
    CHECK(same(shared.bytes.first(4000), std::span(before).first(4000)));
    CHECK(same(shared.bytes.subspan(4096), std::span(before).subspan(4096)));
}

TEST_CASE_METHOD(Fixture, "A refused element of a copy spoils no other", "[contract][grants]") {
    XVM_SKIP_IF(world->lacks_granting());
    const auto writable = value(far->granter()->share(near->domid(), 1, Access::read_write));
    const auto readable = value(far->granter()->share(near->domid(), 1, Access::read_only));
    fill(writable.bytes, 9);
    fill(readable.bytes, 10);
    std::array<std::byte, page_bytes> a{}, b{}, c{}, d{}, e{};
    c.fill(std::byte{0xaa});
    std::array elements{
        Grant_copy{writable.grefs[0], 0, page_bytes, a.data(), Direction::from_guest},
        Grant_copy{never_granted, 0, 512, b.data(), Direction::from_guest},
        Grant_copy{readable.grefs[0], 0, 512, c.data(), Direction::to_guest},
        Grant_copy{writable.grefs[0], 4095, 2, d.data(), Direction::from_guest},
        Grant_copy{writable.grefs[0], 65535, 65535, d.data(), Direction::to_guest},
        Grant_copy{readable.grefs[0], 0, page_bytes, e.data(), Direction::from_guest},
        Grant_copy{writable.grefs[0], 512, 512, c.data(), Direction::to_guest},
    };
    elements[1].ok = elements[3].ok = true; // whatever was there before
    done(near->grants().copy(far->domid(), elements));
    const std::array expected{true, false, false, false, false, true, true};
    for (std::size_t i = 0; i < elements.size(); ++i) {
        CAPTURE(i);
        CHECK(elements[i].ok == expected[i]);
    }
    CHECK(same(e, readable.bytes));
    CHECK(all_are(b, std::byte{0}));
    CHECK(all_are(d, std::byte{0}));
    CHECK(all_are(writable.bytes.subspan(512, 512), std::byte{0xaa}));
    CHECK(same(std::span(a).subspan(1024), writable.bytes.subspan(1024)));
}

TEST_CASE_METHOD(Fixture, "A batch of none, of zero bytes, and one of hundreds", "[contract][grants]") {
    XVM_SKIP_IF(world->lacks_granting());
    done(near->grants().copy(far->domid(), {}));
    const auto shared = value(far->granter()->share(near->domid(), 4, Access::read_write));
    fill(shared.bytes, 11);
    std::vector<std::byte> local(4 * page_bytes);
    std::vector<Grant_copy> elements;
    for (std::uint16_t i = 0; i < 512; ++i)
        elements.push_back({shared.grefs[i / 128], static_cast<std::uint16_t>(i % 128 * 32), 32,
                            local.data() + std::size_t{i} * 32, Direction::from_guest});
    elements.push_back({shared.grefs[0], 4096, 0, local.data(), Direction::from_guest});
    done(near->grants().copy(far->domid(), elements));
    CHECK(std::all_of(elements.begin(), elements.end() - 1, [](const Grant_copy& e) { return e.ok; }));
    CHECK(same(local, shared.bytes));
}

TEST_CASE_METHOD(Fixture, "An ended grant is neither mapped nor copied any more", "[contract][grants]") {
    XVM_SKIP_IF(world->lacks_granting());
    const auto shared = value(far->granter()->share(near->domid(), 1, Access::read_write));
    const std::array gone{shared.grefs[0]};
    std::array<std::byte, 512> local{};
    std::array elements{Grant_copy{gone[0], 0, 512, local.data(), Direction::from_guest}};
    done(near->grants().copy(far->domid(), elements));
    CHECK(elements[0].ok);
    done(far->granter()->end(gone));
    done(near->grants().copy(far->domid(), elements));
    CHECK_FALSE(elements[0].ok);
    CHECK(fault(near->grants().map(far->domid(), gone, Access::read_only)) == Fault::failed);
    CHECK_FALSE(far->granter()->end(gone));
}

TEST_CASE_METHOD(Fixture, "Without references left, share() says exhausted and takes none",
                 "[contract][grants]") {
    XVM_SKIP_IF(world->lacks_granting());
    XVM_SKIP_IF(world->lacks_small_limits());
    const auto most = far->granter()->share(near->domid(), 1 << 20, Access::read_write);
    REQUIRE_FALSE(most);
    CHECK(most.error().fault == Fault::exhausted);
    CHECK(far->granter()->share(near->domid(), 1, Access::read_write));
}
