// SPDX-License-Identifier: Apache-2.0
// Memory at a place in a PVH guest: kept, put there, cleared, taken away. Every world passes all of it.
#include "tests/contract/domains/fixture.hpp"

using namespace xvm;
using namespace xvm::port;
using namespace xvm::test;

namespace {

constexpr std::uint64_t mib = 1ULL << 20;
constexpr Frames there{(4ULL << 30) / 4096, 4 * mib / 4096}; ///< beyond what a guest boots with

} // namespace

TEST_CASE_METHOD(Domains_fixture, "Memory put at a place counts for the guest, and goes without a trace") {
    if (!can(Guest_type::pvh)) return;
    Domain_shape wanted = shape(Guest_type::pvh, 16 * mib);
    wanted.memory_max_bytes = 24 * mib;
    const Domid domid = create(wanted);
    build(domid, wanted);
    const std::uint64_t had = value(domains->info(domid)).memory_bytes;
    const std::uint64_t free = value(domains->host()).free_bytes;

    value(domains->claim_memory(domid, had + 4 * mib));
    value(domains->fill_frames(domid, there));
    CHECK(value(domains->info(domid)).memory_bytes == had + 4 * mib);
    value(domains->clear_frames(domid, there));
    value(domains->release_frames(domid, {there.first, there.count / 2}));
    CHECK(value(domains->info(domid)).memory_bytes == had + 2 * mib);
    // What is gone already is no error.
    value(domains->clear_frames(domid, there));
    value(domains->release_frames(domid, there));
    value(domains->release_frames(domid, there));
    CHECK(value(domains->info(domid)).memory_bytes == had);
    CHECK(value(domains->host()).free_bytes >= free - mib); // Xen keeps some of its tables
    value(domains->destroy(domid));
    check_clean();
}

TEST_CASE_METHOD(Domains_fixture,
                 "More than a guest may own, or than is free, is not put there, and none of it stays") {
    if (!can(Guest_type::pvh)) return;
    const Domain_shape wanted = shape(Guest_type::pvh, 16 * mib);
    const Domid domid = create(wanted);
    build(domid, wanted);
    const std::uint64_t had = value(domains->info(domid)).memory_bytes;
    CHECK(domains->fill_frames(domid, there).error().fault == Fault::exhausted);
    CHECK(value(domains->info(domid)).memory_bytes == had);
    CHECK(domains->claim_memory(domid, had + 64 * mib).error().fault == Fault::exhausted);
    value(domains->set_memory_max(domid, before + 1024 * mib));
    CHECK(domains->claim_memory(domid, had + before + 64 * mib).error().fault == Fault::exhausted);
    value(domains->claim_memory(domid, 0));
    value(domains->destroy(domid));
    check_clean();
}

TEST_CASE_METHOD(Domains_fixture, "Nothing is put into a domain that is not there") {
    const Domid nobody{32000};
    CHECK(domains->claim_memory(nobody, mib).error().fault == Fault::not_found);
    CHECK(domains->fill_frames(nobody, there).error().fault == Fault::not_found);
    CHECK(domains->clear_frames(nobody, there).error().fault == Fault::not_found);
    CHECK(domains->release_frames(nobody, there).error().fault == Fault::not_found);
}
