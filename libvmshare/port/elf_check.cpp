// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/elf_check.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <elf.h>
#include <string>

namespace xvm::port {
namespace {

struct Machine {
    std::uint16_t number;
    const char* name;
};
/// Those a kernel is likely to be for when it is the wrong one.
constexpr std::array others{
    Machine{EM_ARM, "ARM"},     Machine{EM_AARCH64, "AArch64"}, Machine{EM_PPC, "PowerPC"},
    Machine{EM_PPC64, "PPC64"}, Machine{EM_RISCV, "RISC-V"},    Machine{EM_MIPS, "MIPS"},
    Machine{EM_S390, "S/390"},  Machine{EM_SPARCV9, "SPARC"},   Machine{EM_IA_64, "IA-64"}};

Status check_machine(std::uint16_t machine) {
    for (const Machine& other : others)
        if (other.number == machine)
            return fail(Fault::usage, "kernel",
                        "is a kernel for another processor (" + std::string(other.name) + ")",
                        "give one for x86-64");
    return {};
}

Status cut_off(std::uint64_t needed, std::size_t there) {
    return fail(Fault::usage, "kernel",
                "is cut off: it should have " + std::to_string(needed) + " bytes or more, " +
                    std::to_string(there) + " are there",
                "copy it again");
}

template <class Header, class Segment>
Status check(std::span<const std::byte> kernel) {
    Header header;
    if (kernel.size() < sizeof header) return cut_off(sizeof header, kernel.size());
    std::memcpy(&header, kernel.data(), sizeof header);
    if (Status machine = check_machine(header.e_machine); !machine) return machine;
    if (header.e_ehsize != sizeof header || header.e_phentsize != sizeof(Segment)) return {};
    const std::uint64_t table_end = std::uint64_t{header.e_phnum} * sizeof(Segment);
    if (header.e_phoff > kernel.size() || table_end > kernel.size() - header.e_phoff)
        return cut_off(header.e_phoff + table_end, kernel.size());
    std::uint64_t end = 0;
    for (std::size_t i = 0; i < header.e_phnum; ++i) {
        Segment segment;
        std::memcpy(&segment, kernel.data() + header.e_phoff + i * sizeof segment, sizeof segment);
        if (segment.p_type != PT_LOAD || segment.p_offset > UINT64_MAX - segment.p_filesz) continue;
        end = std::max<std::uint64_t>(end, std::uint64_t{segment.p_offset} + segment.p_filesz);
    }
    return end > kernel.size() ? cut_off(end, kernel.size()) : Status{};
}

} // namespace

Status check_elf(std::span<const std::byte> kernel) {
    if (kernel.size() <= EI_DATA) return {};
    const bool is_wide = kernel[EI_CLASS] == std::byte{ELFCLASS64};
    return is_wide ? check<Elf64_Ehdr, Elf64_Phdr>(kernel) : check<Elf32_Ehdr, Elf32_Phdr>(kernel);
}

} // namespace xvm::port
