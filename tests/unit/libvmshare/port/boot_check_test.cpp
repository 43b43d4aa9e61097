// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/boot_check.hpp"

#include <catch2/catch.hpp>

using namespace xvm;
using namespace xvm::port;

namespace {

std::vector<std::byte> bytes(std::string_view text, std::size_t size = 4096) {
    std::vector<std::byte> all(size);
    for (std::size_t i = 0; i < text.size(); ++i)
        all[i] = static_cast<std::byte>(text[i]);
    return all;
}

const std::vector<std::byte> elf = bytes("\x7f"
                                         "ELF");

Domain_shape shape(std::uint64_t memory_bytes = 64 << 20) {
    return {Uuid{}, Guest_type::pvh, 1, memory_bytes, memory_bytes};
}

} // namespace

TEST_CASE("A kernel's format is read from its marks") {
    auto bzimage = bytes("MZ");
    CHECK(kernel_format(elf) == Kernel_format::elf);
    CHECK(kernel_format(bytes("\x1f\x8b")) == Kernel_format::gzip);
    CHECK(kernel_format(bzimage) == Kernel_format::unknown);
    bzimage[0x1fe] = std::byte{0x55};
    bzimage[0x1ff] = std::byte{0xaa};
    CHECK(kernel_format(bzimage) == Kernel_format::unknown);
    for (std::size_t i = 0; i < 4; ++i)
        bzimage[0x202 + i] = static_cast<std::byte>("HdrS"[i]);
    CHECK(kernel_format(bzimage) == Kernel_format::bzimage);
    bzimage.resize(0x205);
    CHECK(kernel_format(bzimage) == Kernel_format::unknown);
    CHECK(kernel_format({}) == Kernel_format::unknown);
}

TEST_CASE("What is no kernel is refused with its first bytes") {
    const auto text = bytes("#!/bin/sh", 9);
    const Status no = check_image(Guest_type::pv, {text, {}, ""});
    REQUIRE_FALSE(no);
    CHECK(no.error().fault == Fault::usage);
    CHECK(no.error().cause == "is neither ELF nor bzImage: it begins with 23 21 2f 62");
    CHECK(check_image(Guest_type::pv, {{}, {}, ""}).error().cause == "is empty");
}

TEST_CASE("A command line that the boot protocol would cut off is refused") {
    CHECK(check_image(Guest_type::pv, {elf, {}, std::string(1023, 'x')}));
    CHECK(check_image(Guest_type::pv, {elf, {}, std::string(1024, 'x')}).error().fault == Fault::usage);
    CHECK(check_image(Guest_type::pvh, {elf, {}, std::string(2047, 'x')}));
    CHECK(check_image(Guest_type::pvh, {elf, {}, std::string(2048, 'x')}).error().cause ==
          "has 2048 bytes, 2047 are possible for PVH");
    CHECK(check_image(Guest_type::pvh, {elf, {}, std::string("a\0b", 3)}).error().fault == Fault::usage);
}

TEST_CASE("A shape that no guest can have is refused") {
    CHECK(check_shape(shape()));
    CHECK(check_shape(shape(0)).error().fault == Fault::usage);
    CHECK(check_shape(shape(4097)).error().fault == Fault::usage);
    Domain_shape many = shape();
    many.vcpus = vcpus_max;
    CHECK(check_shape(many));
    many.vcpus = vcpus_max + 1;
    CHECK(check_shape(many).error().fault == Fault::usage);
    many.vcpus = 0;
    CHECK(check_shape(many).error().fault == Fault::usage);
    Domain_shape shrunk = shape();
    shrunk.memory_max_bytes -= 4096;
    CHECK(check_shape(shrunk).error().fault == Fault::usage);
}

TEST_CASE("The refusal for want of memory rounds against the guest") {
    const Error no = not_enough_memory(Domid{7}, (512ULL << 20) + 1, (96ULL << 20) + 4095);
    CHECK(no.fault == Fault::exhausted);
    CHECK(no.line() == "domain 7: needs 513 MiB, 96 MiB are free; end a guest, or give this one less memory");
}
