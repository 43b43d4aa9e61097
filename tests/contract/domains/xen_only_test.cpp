// SPDX-License-Identifier: Apache-2.0
// What only a hypervisor can show: guests that act, and kernels that are looked into.
#include "tests/contract/domains/fixture.hpp"

using namespace xvm;
using namespace xvm::port;
using namespace xvm::test;

TEST_CASE_METHOD(Domains_fixture, "A guest that powers off is seen as shut down, with its reason") {
    const auto type = GENERATE(Guest_type::pv, Guest_type::pvh);
    if (!can(type)) return;
    const Domain_shape wanted = shape(type);
    const Domid domid = create(wanted);
    build(domid, wanted, Noop::powers_off);
    value(domains->unpause(domid));
    CHECK(comes_true([&] { return value(domains->info(domid)).shut_down; }));
    CHECK(value(domains->info(domid)).shutdown_reason == 0);
    value(domains->destroy(domid));
    check_clean();
}

TEST_CASE_METHOD(Domains_fixture, "An ELF file without notes for Xen is refused") {
    const auto type = GENERATE(Guest_type::pv, Guest_type::pvh);
    if (!can(type)) return;
    const Domain_shape wanted = shape(type);
    const Domid domid = create(wanted);
    const auto kernel = plain_elf();
    const auto built = domains->build(domid, wanted, {kernel, {}, ""});
    REQUIRE_FALSE(built);
    CHECK(built.error().fault == Fault::usage);
    CHECK_THAT(built.error().line(), Catch::Contains("entry in its notes for Xen"));
    value(domains->destroy(domid));
    check_clean();
}

TEST_CASE_METHOD(Domains_fixture, "A kernel cut short is refused") {
    const auto type = GENERATE(Guest_type::pv, Guest_type::pvh);
    if (!can(type)) return;
    const Domain_shape wanted = shape(type);
    const Domid domid = create(wanted);
    std::vector<std::byte> kernel(1024);
    kernel[0x1fe] = std::byte{0x55};
    kernel[0x1ff] = std::byte{0xaa};
    for (std::size_t i = 0; i < 4; ++i)
        kernel[0x202 + i] = static_cast<std::byte>("HdrS"[i]);
    const auto built = domains->build(domid, wanted, {kernel, {}, ""});
    REQUIRE_FALSE(built);
    INFO(built.error().line());
    CHECK(built.error().fault == Fault::usage);
    value(domains->destroy(domid));
    check_clean();
}
