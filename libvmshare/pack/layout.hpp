// SPDX-License-Identifier: Apache-2.0
// Where an image lies: the offset rule of a pack, in its one place (spec P-4).
// Invariant: no function here wraps around; what does not fit into 64 bits is nullopt.
#pragma once

#include "libvmshare/abi/pack.h"

#include <cstdint>
#include <limits>
#include <optional>

namespace xvm::pack {

inline constexpr std::uint64_t index_bytes = XVM_PACK_INDEX_BYTES;
inline constexpr std::uint64_t alignment = XVM_PACK_ALIGN;
inline constexpr unsigned images_max = XVM_PACK_IMAGES_MAX;
inline constexpr std::size_t name_max = XVM_PACK_NAME_BYTES - 1;
inline constexpr std::size_t label_max = XVM_PACK_LABEL_BYTES - 1;
/// off_t is signed, so no disk is larger.
inline constexpr std::uint64_t disk_bytes_max = std::numeric_limits<std::int64_t>::max();

/// Where the image after one of `size` bytes at `offset` starts; also the end of the disk after the last.
[[nodiscard]] constexpr std::optional<std::uint64_t> next_offset(std::uint64_t offset, std::uint64_t size) {
    if (size > disk_bytes_max || offset > disk_bytes_max - size) return std::nullopt;
    const std::uint64_t end = offset + size;
    const std::uint64_t rounded = (end + (alignment - 1)) & ~(alignment - 1); // < 2^63 + 2^12
    if (rounded > disk_bytes_max) return std::nullopt;
    return rounded;
}

} // namespace xvm::pack
