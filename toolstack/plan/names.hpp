// SPDX-License-Identifier: Apache-2.0
// What a domain and its disks may be called. An accepted domain name can be told from a domid and from
// a uuid, and stands in a path, a log line or a shell word as it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace xvm::plan {

/// Why the name is refused, in words, or nothing: [A-Za-z0-9][A-Za-z0-9._-]{0,63}, not all digits, no
/// uuid, not "Domain-0".
[[nodiscard]] std::optional<std::string> domain_name_fault(std::string_view name);

/// The device number of "xvda" … "xvdp": 51712 (major 202) and 16 minors a disk, as stock tools count; also
/// of a partition that is a disk of its own, "xvda1" … "xvdp15".
[[nodiscard]] std::optional<std::uint32_t> disk_devid(std::string_view dev) noexcept;
[[nodiscard]] bool is_part(std::uint32_t devid) noexcept;
/// The same disk, or one is a partition of the other.
[[nodiscard]] bool overlap(std::uint32_t one, std::uint32_t other) noexcept;

/// The name of that device number; of another number, the number itself.
[[nodiscard]] std::string disk_name(std::uint32_t devid);

/// In small letters with colons, or nothing: six bytes in hexadecimal, of one interface (no group address),
/// not all zero.
[[nodiscard]] std::optional<std::string> parse_mac(std::string_view text);

/// Of the guest's interface `devid`, in Xen's range 00:16:3e: the same each time for the same name.
[[nodiscard]] std::string made_up_mac(std::string_view guest, std::uint32_t devid);

/// Why the name cannot be a bridge's, or nothing: 1 to 15 characters, no '/', no blank.
[[nodiscard]] std::optional<std::string> bridge_name_fault(std::string_view name);

} // namespace xvm::plan
