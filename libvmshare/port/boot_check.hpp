// SPDX-License-Identifier: Apache-2.0
// What every port refuses of a domain before it asks the hypervisor, so that all refuse it alike: a
// shape that no guest can have, a kernel in no known format, a command line that the boot protocol
// would cut off without a word.
#pragma once

#include "libvmshare/port/domains.hpp"

namespace xvm::port {

/// Processors of one guest: the APIC ids of more do not fit the 8 bits of the MADT's local APIC entry.
inline constexpr unsigned vcpus_max = 128;

/// Bytes of a command line, without its end mark. PV: start_info has 1024 bytes, and libxenguest
/// cuts what is longer; PVH: Linux reads 2048 and does the same.
[[nodiscard]] constexpr std::size_t command_line_max(Guest_type type) noexcept {
    return type == Guest_type::pv ? 1023 : 2047;
}

/// `gzip` is an ELF file in gzip; its content is looked at only by the builder.
enum class Kernel_format : std::uint8_t { unknown, elf, bzimage, gzip };
[[nodiscard]] Kernel_format kernel_format(std::span<const std::byte> kernel) noexcept;

/// usage: which limit the shape breaks.
[[nodiscard]] Status check_shape(const Domain_shape& shape);
/// usage: what is wrong with kernel or command line.
[[nodiscard]] Status check_image(Guest_type type, const Boot_image& image);

/// The refusal of a domain that does not fit: "domain 7: needs 512 MiB, 96 MiB are free; ...".
[[nodiscard]] Error not_enough_memory(Domid domid, std::uint64_t need_bytes, std::uint64_t free_bytes);

/// How messages name a domain: "domain 7".
[[nodiscard]] std::string domain_text(Domid domid);
[[nodiscard]] Error no_such_domain(Domid domid);
[[nodiscard]] Error no_such_vcpu(Domid domid, unsigned vcpu);
[[nodiscard]] Error no_such_cpu(Domid domid, unsigned cpu, unsigned host_cpus);
/// What is to be saved or to go on is not suspended.
[[nodiscard]] Error not_suspended(Domid domid);
/// `what`: "saving", "restoring".
[[nodiscard]] Error stream_cancelled(Domid domid, std::string_view what);
/// Refuses to stop or end domain 0, which nothing could start again.
[[nodiscard]] Status refuse_dom0(Domid domid, const char* what);

} // namespace xvm::port
