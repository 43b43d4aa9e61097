// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/elf_check.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <elf.h>
#include <vector>

using namespace xvm;
using namespace xvm::port;

namespace {

/// An ELF file of one segment that fills it.
std::vector<std::byte> elf(std::uint16_t machine, std::size_t bytes) {
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident,
                "\x7f"
                "ELF\2\1\1",
                7);
    header.e_machine = machine;
    header.e_ehsize = sizeof header;
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phoff = sizeof header;
    header.e_phnum = 1;
    Elf64_Phdr segment{};
    segment.p_type = PT_LOAD;
    segment.p_filesz = bytes;
    std::vector<std::byte> file(bytes);
    std::memcpy(file.data(), &header, sizeof header);
    std::memcpy(file.data() + sizeof header, &segment, sizeof segment);
    return file;
}

std::string refusal(std::span<const std::byte> kernel) {
    const Status checked = check_elf(kernel);
    return checked ? std::string{} : checked.error().line();
}

} // namespace

TEST_CASE("A whole ELF file for this processor is taken") {
    CHECK(refusal(elf(EM_X86_64, 4096)).empty());
    CHECK(refusal(elf(EM_386, 4096)).empty());
}

TEST_CASE("A kernel for another processor is named as one") {
    CHECK(refusal(elf(EM_AARCH64, 4096)) ==
          "kernel: is a kernel for another processor (AArch64); give one for x86-64");
}

TEST_CASE("A kernel is cut off at any byte, and it is told") {
    const auto whole = elf(EM_X86_64, 512);
    for (std::size_t bytes = 64; bytes < whole.size(); ++bytes) {
        INFO(bytes);
        CHECK(refusal(std::span(whole).first(bytes)).find("is cut off") != std::string::npos);
    }
    for (std::size_t bytes = 0; bytes < 64; ++bytes)
        static_cast<void>(check_elf(std::span(whole).first(bytes)));
}

TEST_CASE("Sizes that no file can have are left to the builder, and read nothing beyond the file") {
    auto file = elf(EM_X86_64, 4096);
    Elf64_Ehdr header;
    std::memcpy(&header, file.data(), sizeof header);
    header.e_phoff = UINT64_MAX - 8;
    header.e_phnum = UINT16_MAX;
    std::memcpy(file.data(), &header, sizeof header);
    CHECK_FALSE(refusal(file).empty());
    header.e_phoff = sizeof header;
    header.e_phnum = 1;
    std::memcpy(file.data(), &header, sizeof header);
    Elf64_Phdr segment{};
    segment.p_type = PT_LOAD;
    segment.p_offset = UINT64_MAX;
    segment.p_filesz = 2;
    std::memcpy(file.data() + sizeof header, &segment, sizeof segment);
    CHECK(refusal(file).empty());
}
