// SPDX-License-Identifier: Apache-2.0
// The ACPI tables of a PVH guest: without a MADT Linux finds no local APIC, starts one processor only
// and never arms its timer.
//
// After ACPI 5.1: RSDP §5.2.5.3, table header §5.2.6, XSDT §5.2.8, FADT §5.2.9 with HW_REDUCED_ACPI
// (§4.1: no fixed hardware, so no PM timer, no SCI, no FACS), DSDT §5.2.11.1 (empty: no device to
// describe), MADT §5.2.12 with one local APIC (§5.2.12.2) per virtual processor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace xvm::port::xen {

/// All tables in one page, the RSDP at its start. `base`: the guest-physical address where the page
/// will lie, below 4 GiB. `vcpus`: 1 to vcpus_max.
[[nodiscard]] std::vector<std::byte> acpi_tables(unsigned vcpus, std::uint64_t base);

} // namespace xvm::port::xen
