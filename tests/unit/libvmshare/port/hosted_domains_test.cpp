// SPDX-License-Identifier: Apache-2.0
// What the hosted ledger lets tests play; what it shares with Xen is in tests/contract/domains.
#include "libvmshare/port/hosted/domains.hpp"

#include <catch2/catch.hpp>

using namespace xvm;
using namespace xvm::port;

namespace {
const Domain_shape small{Uuid{}, Guest_type::pv, 2, 64ULL << 20, 64ULL << 20};
const std::vector<std::byte> kernel{std::byte{0x7f}, std::byte{'E'}, std::byte{'L'}, std::byte{'F'}};
} // namespace

TEST_CASE("A domain whose pages a backend maps stays dying, with its memory, until they are let go") {
    hosted::Domain_ledger domains;
    const std::uint64_t before = domains.host()->free_bytes;
    const Domid domid = domains.create(small).value();
    REQUIRE(domains.build(domid, small, {kernel, {}, "console=hvc0"}));
    domains.hold(domid);
    REQUIRE(domains.destroy(domid));
    CHECK(domains.info(domid)->dying);
    CHECK(domains.unpause(domid).error().fault == Fault::not_found);
    CHECK(domains.host()->free_bytes < before);
    domains.release(domid);
    CHECK(domains.info(domid).error().fault == Fault::not_found);
    CHECK(domains.host()->free_bytes == before);
}

TEST_CASE("A test can look at pins and command line, and shut a guest down") {
    hosted::Domain_ledger domains;
    const Domid domid = domains.create(small).value();
    REQUIRE(domains.build(domid, small, {kernel, {}, "console=hvc0"}));
    REQUIRE(domains.pin(domid, 1, 1));
    CHECK(domains.pinned_to(domid, 0) == -1);
    CHECK(domains.pinned_to(domid, 1) == 1);
    CHECK(domains.command_line(domid) == "console=hvc0");
    REQUIRE(domains.unpause(domid));
    CHECK(domains.info(domid)->running);
    domains.shut_down(domid, 3);
    CHECK(domains.info(domid)->shut_down);
    CHECK(domains.info(domid)->shutdown_reason == 3);
}

TEST_CASE("A domid is not given out again before all others were") {
    hosted::Domain_ledger domains;
    const Domid first = domains.create(small).value();
    REQUIRE(domains.destroy(first));
    CHECK(domains.create(small).value() != first);
}
