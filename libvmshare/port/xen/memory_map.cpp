// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/xen/memory_map.hpp"

#include "libvmshare/base/assert.hpp"
#include "libvmshare/port/grants.hpp"

#include <algorithm>

namespace xvm::port::xen {

Memory_map pvh_memory_map(std::uint64_t memory_bytes) {
    XVM_ASSERT(memory_bytes > 0 && memory_bytes % page_bytes == 0);
    Memory_map map;
    map.low_end = std::min(memory_bytes, hole_start);
    if (memory_bytes > hole_start) map.high_end = hole_end + (memory_bytes - hole_start);
    map.regions = {
        {0, map.low_end, Region_kind::ram},
        {acpi_address, page_bytes, Region_kind::acpi},
        {local_apic_address, page_bytes, Region_kind::reserved},
        {special_address, special_bytes, Region_kind::reserved},
    };
    if (map.high_end != 0) map.regions.push_back({hole_end, map.high_end - hole_end, Region_kind::ram});
    return map;
}

std::uint64_t paging_pool_bytes(unsigned vcpus, std::uint64_t memory_max_bytes) {
    constexpr std::uint64_t mib = 1ULL << 20;
    const std::uint64_t max_mib = (memory_max_bytes + mib - 1) / mib;
    return vcpus * mib + max_mib * 2 * page_bytes;
}

} // namespace xvm::port::xen
