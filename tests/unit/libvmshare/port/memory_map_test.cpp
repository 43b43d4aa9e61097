// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/xen/memory_map.hpp"

#include <catch2/catch.hpp>

using namespace xvm::port::xen;

namespace {

constexpr std::uint64_t mib = 1ULL << 20;
constexpr std::uint64_t gib = 1ULL << 30;
constexpr std::uint64_t page = 4096;

std::uint64_t ram(const Memory_map& map) {
    std::uint64_t sum = 0;
    for (const Region& region : map.regions)
        if (region.kind == Region_kind::ram) sum += region.bytes;
    return sum;
}

} // namespace

TEST_CASE("The regions are sorted whole pages that do not overlap, and their RAM is the memory") {
    const auto memory = GENERATE(values<std::uint64_t>(
        {page, 128 * mib, hole_start - page, hole_start, hole_start + page, 4 * gib, 5 * gib, 512 * gib}));
    const Memory_map map = pvh_memory_map(memory);
    CHECK(ram(map) == memory);
    std::uint64_t last_end = 0;
    for (const Region& region : map.regions) {
        CHECK(region.start >= last_end);
        CHECK(region.bytes > 0);
        CHECK((region.start | region.bytes) % page == 0);
        last_end = region.start + region.bytes;
    }
}

TEST_CASE("A guest of 128 MiB lies below the hole whole") {
    const Memory_map map = pvh_memory_map(128 * mib);
    CHECK(map.low_end == 128 * mib);
    CHECK(map.high_end == 0);
    CHECK(map.regions == std::vector<Region>{{0, 128 * mib, Region_kind::ram},
                                             {0xfc000000, page, Region_kind::acpi},
                                             {0xfee00000, page, Region_kind::reserved},
                                             {0xfeff8000, 8 * page, Region_kind::reserved}});
}

TEST_CASE("A guest of 5 GiB goes on above 4 GiB") {
    const Memory_map map = pvh_memory_map(5 * gib);
    CHECK(map.low_end == 0xf0000000);
    CHECK(map.high_end == 5 * gib + 256 * mib);
    CHECK(map.regions.back() == Region{4 * gib, gib + 256 * mib, Region_kind::ram});
}

TEST_CASE("The hole's edge: the last page below, and the first above") {
    CHECK(pvh_memory_map(hole_start).high_end == 0);
    CHECK(pvh_memory_map(hole_start + page).high_end == hole_end + page);
}

TEST_CASE("The pool for page tables is 1 MiB a processor and 8 KiB a MiB") {
    CHECK(paging_pool_bytes(1, 128 * mib) == 2 * mib);
    CHECK(paging_pool_bytes(2, 128 * mib + page) == 3 * mib + 8192);
    CHECK(paging_pool_bytes(1, 5 * gib) % page == 0);
}
