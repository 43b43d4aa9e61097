// SPDX-License-Identifier: Apache-2.0
// The tables as a guest reads them: by the offsets of ACPI 5.1, not by our structs.
#include "libvmshare/port/xen/acpi.hpp"

#include "libvmshare/port/boot_check.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <string>

using namespace xvm::port;
using namespace xvm::port::xen;

namespace {

constexpr std::uint64_t base = 0xfc000000;

/// Guest memory around the tables; a read outside the page fails the test.
class Reader {
  public:
    explicit Reader(std::vector<std::byte> page) : page_(std::move(page)) {}

    template <class T>
    T at(std::uint64_t address) const {
        REQUIRE(address >= base);
        REQUIRE(address - base + sizeof(T) <= page_.size());
        T value;
        std::memcpy(&value, page_.data() + (address - base), sizeof value);
        return value;
    }
    std::string text(std::uint64_t address, std::size_t length) const {
        std::string all;
        for (std::size_t i = 0; i < length; ++i)
            all += at<char>(address + i);
        return all;
    }
    unsigned sum(std::uint64_t address, std::size_t length) const {
        unsigned total = 0;
        for (std::size_t i = 0; i < length; ++i)
            total += at<std::uint8_t>(address + i);
        return total & 0xff;
    }
    /// Checks the header of the table there; gives its length.
    std::uint32_t table(std::uint64_t address, const std::string& signature) const {
        CHECK(text(address, 4) == signature);
        const auto length = at<std::uint32_t>(address + 4);
        CHECK(sum(address, length) == 0);
        return length;
    }
    std::vector<std::byte> page_;
};

} // namespace

TEST_CASE("A guest finds every ACPI table from the RSDP, with right lengths and checksums") {
    const Reader memory(acpi_tables(2, base));
    CHECK(memory.page_.size() == 4096);
    CHECK(memory.text(base, 8) == "RSD PTR ");
    CHECK(memory.at<std::uint8_t>(base + 15) == 2);
    CHECK(memory.at<std::uint32_t>(base + 20) == 36);
    CHECK(memory.sum(base, 20) == 0);
    CHECK(memory.sum(base, 36) == 0);

    const auto xsdt = memory.at<std::uint64_t>(base + 24);
    REQUIRE(memory.table(xsdt, "XSDT") == 36 + 2 * 8);
    const auto fadt = memory.at<std::uint64_t>(xsdt + 36);
    REQUIRE(memory.table(fadt, "FACP") == 268);
    CHECK(memory.at<std::uint8_t>(fadt + 8) == 5);
    CHECK(memory.at<std::uint8_t>(fadt + 131) == 1);
    const auto flags = memory.at<std::uint32_t>(fadt + 112);
    CHECK((flags & (1U << 20)) != 0); // HW_REDUCED_ACPI
    const auto dsdt = memory.at<std::uint64_t>(fadt + 140);
    CHECK(memory.at<std::uint32_t>(fadt + 40) == dsdt);
    CHECK(memory.table(dsdt, "DSDT") == 36);
}

TEST_CASE("The MADT has one enabled local APIC per processor, with the id that Xen gives it") {
    const unsigned vcpus = GENERATE(1U, 2U, 7U, vcpus_max);
    const Reader memory(acpi_tables(vcpus, base));
    const auto madt = memory.at<std::uint64_t>(memory.at<std::uint64_t>(base + 24) + 44);
    REQUIRE(memory.table(madt, "APIC") == 44 + 8 * vcpus);
    CHECK(memory.at<std::uint32_t>(madt + 36) == 0xfee00000);
    for (unsigned i = 0; i < vcpus; ++i) {
        const std::uint64_t entry = madt + 44 + 8 * i;
        REQUIRE(memory.at<std::uint8_t>(entry) == 0);
        REQUIRE(memory.at<std::uint8_t>(entry + 1) == 8);
        REQUIRE(memory.at<std::uint8_t>(entry + 2) == i);
        REQUIRE(memory.at<std::uint8_t>(entry + 3) == 2 * i);
        REQUIRE(memory.at<std::uint32_t>(entry + 4) == 1);
    }
}

TEST_CASE("Any changed byte of a table breaks its checksum") {
    // The twin of the checks above: they see damage.
    Reader memory(acpi_tables(1, base));
    const auto xsdt = memory.at<std::uint64_t>(base + 24);
    const auto length = memory.at<std::uint32_t>(xsdt + 4);
    for (std::uint32_t i = 0; i < length; ++i) {
        memory.page_[xsdt - base + i] ^= std::byte{1};
        REQUIRE(memory.sum(xsdt, length) != 0);
        memory.page_[xsdt - base + i] ^= std::byte{1};
    }
}
