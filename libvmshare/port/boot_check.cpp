// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/boot_check.hpp"

#include "libvmshare/port/elf_check.hpp"
#include "libvmshare/port/grants.hpp"

#include <array>
#include <cstring>
#include <fmt/core.h>

namespace xvm::port {

namespace {

constexpr std::uint64_t mib = 1ULL << 20;

bool has(std::span<const std::byte> bytes, std::size_t offset, std::string_view magic) noexcept {
    return bytes.size() >= offset + magic.size() &&
           std::memcmp(bytes.data() + offset, magic.data(), magic.size()) == 0;
}

std::string first_bytes(std::span<const std::byte> bytes) {
    std::string text;
    for (std::byte b : bytes.first(std::min<std::size_t>(bytes.size(), 4)))
        text += fmt::format("{}{:02x}", text.empty() ? "" : " ", std::to_integer<unsigned>(b));
    return text;
}

} // namespace

Kernel_format kernel_format(std::span<const std::byte> kernel) noexcept {
    // Linux, Documentation/x86/boot.rst: boot sector mark at 0x1fe, header mark at 0x202.
    constexpr std::size_t sector_mark = 0x1fe;
    constexpr std::size_t header_mark = 0x202;
    if (has(kernel, 0,
            "\x7f"
            "ELF"))
        return Kernel_format::elf;
    if (has(kernel, sector_mark, "\x55\xaa") && has(kernel, header_mark, "HdrS"))
        return Kernel_format::bzimage;
    if (has(kernel, 0, "\x1f\x8b")) return Kernel_format::gzip;
    return Kernel_format::unknown;
}

Status check_shape(const Domain_shape& shape) {
    const std::string object = "domain " + shape.uuid.text();
    if (shape.vcpus < 1 || shape.vcpus > vcpus_max)
        return fail(Fault::usage, object, fmt::format("{} virtual processors are not possible", shape.vcpus),
                    fmt::format("give it 1 to {}", vcpus_max));
    if (shape.memory_bytes == 0) return fail(Fault::usage, object, "has no memory", "give it some");
    if (shape.memory_bytes % page_bytes != 0 || shape.memory_max_bytes % page_bytes != 0)
        return fail(Fault::usage, object, "its memory is no whole number of 4 KiB pages",
                    "give it a multiple of 4KiB");
    if (shape.memory_max_bytes < shape.memory_bytes)
        return fail(Fault::usage, object,
                    fmt::format("its memory at boot, {} MiB, is above its maximum, {} MiB",
                                shape.memory_bytes / mib, shape.memory_max_bytes / mib),
                    "raise the maximum");
    return {};
}

Status check_image(Guest_type type, const Boot_image& image) {
    if (image.kernel.empty()) return fail(Fault::usage, "kernel", "is empty", "name the file that was meant");
    if (kernel_format(image.kernel) == Kernel_format::unknown)
        return fail(Fault::usage, "kernel",
                    "is neither ELF nor bzImage: it begins with " + first_bytes(image.kernel),
                    "give a Linux vmlinuz or vmlinux, or another ELF kernel for Xen");
    if (kernel_format(image.kernel) == Kernel_format::elf) XVM_TRY(check_elf(image.kernel));
    if (image.command_line.find('\0') != std::string::npos)
        return fail(Fault::usage, "kernel command line", "contains a NUL", "leave it out");
    if (const std::size_t limit = command_line_max(type); image.command_line.size() > limit)
        return fail(Fault::usage, "kernel command line",
                    fmt::format("has {} bytes, {} are possible for {}", image.command_line.size(), limit,
                                type == Guest_type::pv ? "PV" : "PVH"),
                    "shorten it");
    return {};
}

Error not_enough_memory(Domid domid, std::uint64_t need_bytes, std::uint64_t free_bytes) {
    const auto up = [](std::uint64_t bytes) { return (bytes + mib - 1) / mib; };
    return Error{Fault::exhausted, domain_text(domid),
                 fmt::format("needs {} MiB, {} MiB are free", up(need_bytes), free_bytes / mib),
                 "end a guest, or give this one less memory"};
}

std::string domain_text(Domid domid) {
    return fmt::format("domain {}", number(domid));
}

Error no_such_domain(Domid domid) {
    return Error{Fault::not_found, domain_text(domid), "does not exist", "see xvm list"};
}

Error no_such_vcpu(Domid domid, unsigned vcpu) {
    return Error{Fault::usage, domain_text(domid), fmt::format("has no virtual processor {}", vcpu),
                 "see xvm vcpu list"};
}

Error no_such_cpu(Domid domid, unsigned cpu, unsigned host_cpus) {
    return Error{Fault::usage, domain_text(domid),
                 fmt::format("cannot be pinned to processor {}: the host has {}", cpu, host_cpus),
                 "count them from 0"};
}

Error not_suspended(Domid domid) {
    return Error{Fault::failed, domain_text(domid), "is not suspended", {}};
}

Error stream_cancelled(Domid domid, std::string_view what) {
    return Error{Fault::failed, domain_text(domid), fmt::format("{} was cancelled", what), {}};
}

Status refuse_dom0(Domid domid, const char* what) {
    if (domid == dom0)
        return fail(Fault::usage, domain_text(domid),
                    fmt::format("is the host, not a guest; it cannot be {}", what));
    return {};
}

} // namespace xvm::port
