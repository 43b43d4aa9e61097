// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/xen/acpi.hpp"

#include "libvmshare/base/assert.hpp"
#include "libvmshare/port/boot_check.hpp"
#include "libvmshare/port/grants.hpp"
#include "libvmshare/port/xen/memory_map.hpp"

#include <array>
#include <cstring>
#include <limits>
#include <span>

namespace xvm::port::xen {

namespace {

// The offsets of these are the specification's: packed, little-endian as the guest.

struct [[gnu::packed]] Rsdp {
    char signature[8];              // 0
    std::uint8_t checksum;          // 8: of the first 20 bytes
    char oem_id[6];                 // 9
    std::uint8_t revision;          // 15
    std::uint32_t rsdt;             // 16
    std::uint32_t length;           // 20
    std::uint64_t xsdt;             // 24
    std::uint8_t checksum_extended; // 32: of all
    std::uint8_t reserved[3];
};
static_assert(sizeof(Rsdp) == 36);

struct [[gnu::packed]] Header {
    char signature[4];              // 0
    std::uint32_t length;           // 4: of the whole table
    std::uint8_t revision;          // 8
    std::uint8_t checksum;          // 9
    char oem_id[6];                 // 10
    char oem_table_id[8];           // 16
    std::uint32_t oem_revision;     // 24
    char creator_id[4];             // 28
    std::uint32_t creator_revision; // 32
};
static_assert(sizeof(Header) == 36);

struct [[gnu::packed]] Xsdt {
    Header header;
    std::uint64_t fadt;
    std::uint64_t madt;
};
static_assert(sizeof(Xsdt) == 52);

struct [[gnu::packed]] Fadt {
    Header header;
    std::uint32_t firmware_ctrl;       // 36
    std::uint32_t dsdt;                // 40
    std::uint8_t fixed_hardware[65];   // 44: ignored with HW_REDUCED_ACPI
    std::uint16_t boot_arch;           // 109
    std::uint8_t reserved;             // 111
    std::uint32_t flags;               // 112
    std::uint8_t reset[13];            // 116
    std::uint16_t arm_boot_arch;       // 129
    std::uint8_t minor_version;        // 131
    std::uint64_t x_firmware_ctrl;     // 132
    std::uint64_t x_dsdt;              // 140
    std::uint8_t x_fixed_hardware[96]; // 148
    std::uint8_t sleep_registers[24];  // 244
};
static_assert(offsetof(Fadt, boot_arch) == 109 && offsetof(Fadt, flags) == 112 &&
              offsetof(Fadt, minor_version) == 131 && offsetof(Fadt, x_dsdt) == 140 && sizeof(Fadt) == 268);

constexpr std::uint16_t boot_arch_no_vga = 1U << 2;
constexpr std::uint16_t boot_arch_no_cmos_rtc = 1U << 5;
constexpr std::uint32_t flag_wbinvd = 1U << 0;
constexpr std::uint32_t flag_no_fixed_power_button = 1U << 4;
constexpr std::uint32_t flag_no_fixed_sleep_button = 1U << 5;
constexpr std::uint32_t flag_hw_reduced = 1U << 20;

struct [[gnu::packed]] Local_apic {
    std::uint8_t type = 0;
    std::uint8_t length = 8;
    std::uint8_t processor_uid = 0;
    std::uint8_t apic_id = 0;
    std::uint32_t flags = 0;
};
static_assert(sizeof(Local_apic) == 8);
constexpr std::uint32_t local_apic_enabled = 1;

struct [[gnu::packed]] Madt {
    Header header;
    std::uint32_t local_apic;         // 36
    std::uint32_t flags;              // 40: no PCAT_COMPAT, there are no 8259s
    Local_apic processors[vcpus_max]; // 44
};
static_assert(offsetof(Madt, processors) == 44);

struct Tables {
    Rsdp rsdp;
    alignas(16) Xsdt xsdt;
    alignas(16) Fadt fadt;
    alignas(16) Header dsdt;
    alignas(16) Madt madt;
};
static_assert(sizeof(Tables) <= page_bytes);

template <std::size_t N>
void set(char (&field)[N], std::string_view text) {
    std::memset(field, ' ', N);
    std::memcpy(field, text.data(), std::min(N, text.size()));
}

Header header(std::string_view signature, std::size_t length, std::uint8_t revision) {
    Header h{};
    set(h.signature, signature);
    h.length = static_cast<std::uint32_t>(length);
    h.revision = revision;
    set(h.oem_id, "XVM");
    set(h.oem_table_id, "XVMGUEST");
    h.oem_revision = 1;
    set(h.creator_id, "XVM");
    h.creator_revision = 1;
    return h;
}

/// What makes the bytes' sum 0; the checksum's own field must still be 0.
template <class Table>
std::uint8_t checksum(const Table& table, std::size_t length) {
    unsigned sum = 0;
    for (std::byte b : std::as_bytes(std::span(&table, 1)).first(length))
        sum += std::to_integer<unsigned>(b);
    return static_cast<std::uint8_t>(0U - sum);
}

} // namespace

std::vector<std::byte> acpi_tables(unsigned vcpus, std::uint64_t base) {
    XVM_ASSERT(vcpus >= 1 && vcpus <= vcpus_max);
    XVM_ASSERT(base + page_bytes <= std::numeric_limits<std::uint32_t>::max());

    Tables t{};
    set(t.rsdp.signature, "RSD PTR ");
    set(t.rsdp.oem_id, "XVM");
    t.rsdp.revision = 2;
    t.rsdp.length = sizeof(Rsdp);
    t.rsdp.xsdt = base + offsetof(Tables, xsdt);
    t.rsdp.checksum = checksum(t.rsdp, 20);
    t.rsdp.checksum_extended = checksum(t.rsdp, sizeof(Rsdp));

    t.xsdt.header = header("XSDT", sizeof(Xsdt), 1);
    t.xsdt.fadt = base + offsetof(Tables, fadt);
    t.xsdt.madt = base + offsetof(Tables, madt);
    t.xsdt.header.checksum = checksum(t.xsdt, sizeof(Xsdt));

    t.fadt.header = header("FACP", sizeof(Fadt), 5);
    t.fadt.minor_version = 1;
    t.fadt.dsdt = static_cast<std::uint32_t>(base + offsetof(Tables, dsdt));
    t.fadt.x_dsdt = base + offsetof(Tables, dsdt);
    t.fadt.boot_arch = boot_arch_no_vga | boot_arch_no_cmos_rtc;
    t.fadt.flags = flag_wbinvd | flag_no_fixed_power_button | flag_no_fixed_sleep_button | flag_hw_reduced;
    t.fadt.header.checksum = checksum(t.fadt, sizeof(Fadt));

    t.dsdt = header("DSDT", sizeof(Header), 2);
    t.dsdt.checksum = checksum(t.dsdt, sizeof(Header));

    const std::size_t madt_bytes = offsetof(Madt, processors) + vcpus * sizeof(Local_apic);
    t.madt.header = header("APIC", madt_bytes, 3);
    t.madt.local_apic = static_cast<std::uint32_t>(local_apic_address);
    for (unsigned i = 0; i < vcpus; ++i) {
        // Xen gives virtual processor n the APIC id 2n.
        t.madt.processors[i].processor_uid = static_cast<std::uint8_t>(i);
        t.madt.processors[i].apic_id = static_cast<std::uint8_t>(2 * i);
        t.madt.processors[i].flags = local_apic_enabled;
    }
    t.madt.header.checksum = checksum(t.madt, madt_bytes);

    std::vector<std::byte> page(page_bytes);
    const std::size_t used = offsetof(Tables, madt) + madt_bytes;
    std::memcpy(page.data(), &t, used);
    return page;
}

} // namespace xvm::port::xen
