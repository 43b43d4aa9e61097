// SPDX-License-Identifier: Apache-2.0
// Where a PVH guest's memory lies, and what Xen needs beside it.
//
// RAM from 0 up to the hole below 4 GiB, the rest from 4 GiB on. In the hole: the ACPI page, the local
// APIC, and the pages that libxenguest keeps for store, console and start-up.
// Invariant: regions are sorted, whole pages, do not overlap; their RAM is the guest's memory.
#pragma once

#include <cstdint>
#include <vector>

namespace xvm::port::xen {

inline constexpr std::uint64_t hole_start = 0xf000'0000; ///< 3.75 GiB; the hole ends at 4 GiB
inline constexpr std::uint64_t hole_end = 1ULL << 32;
inline constexpr std::uint64_t acpi_address = 0xfc00'0000;
inline constexpr std::uint64_t local_apic_address = 0xfee0'0000;
/// X86_HVM_NR_SPECIAL_PAGES pages below X86_HVM_END_SPECIAL_REGION.
inline constexpr std::uint64_t special_address = 0xfeff'8000;
inline constexpr std::uint64_t special_bytes = 0x8000;

enum class Region_kind : std::uint8_t { ram = 1, reserved = 2, acpi = 3 }; ///< the numbers of E820

struct Region {
    std::uint64_t start = 0;
    std::uint64_t bytes = 0;
    Region_kind kind = Region_kind::ram;
    bool operator==(const Region&) const = default;
};

struct Memory_map {
    std::uint64_t low_end = 0;  ///< end of the RAM below the hole
    std::uint64_t high_end = 0; ///< end of the RAM above 4 GiB; 0: there is none
    std::vector<Region> regions;
};

/// `memory_bytes`: whole pages, at least one.
[[nodiscard]] Memory_map pvh_memory_map(std::uint64_t memory_bytes);

/// What a domain may own beyond its memory: libxenguest's own pages. Bytes.
inline constexpr std::uint64_t slack_bytes = 1ULL << 20;

/// Xen's pool for the page tables of a PVH guest, by libxl's rule: 1 MiB a processor and 8 KiB for each
/// MiB (4 KiB second-stage tables, 4 KiB spare). Whole pages.
[[nodiscard]] std::uint64_t paging_pool_bytes(unsigned vcpus, std::uint64_t memory_max_bytes);

} // namespace xvm::port::xen
