// SPDX-License-Identifier: Apache-2.0
// A list of images to an Index, and an Index to bytes. Pure; the reverse of parse().
// Nothing is truncated or renamed to fit: what does not fit is refused (spec P-9).
#pragma once

#include "libvmshare/pack/index.hpp"
#include "libvmshare/pack/index_fault.hpp"
#include "libvmshare/pack/parse.hpp"

#include <span>
#include <tl/expected.hpp>
#include <vector>

namespace xvm::pack {

struct Image_spec {
    std::string name;
    std::uint64_t size = 0; ///< bytes
    Kind kind = Kind::data;
};

struct Pack_spec {
    std::string label;
    std::uint64_t build_time_s = 0;
    bool plain = false;           ///< names and sizes only; kinds are then dropped
    std::uint64_t disk_bytes = 0; ///< pad the disk to so many bytes; 0: as short as the images allow
};

/// The index of a pack with these images, in this order. Sums are still missing: the writer fills them.
[[nodiscard]] tl::expected<Index, Index_fault> plan(std::span<const Image_spec> images,
                                                    const Pack_spec& spec);

/// The 64 KiB of an Index that keeps its invariant and, unless it is plain, has every sum.
[[nodiscard]] std::vector<std::byte> encode(const Index& index);

/// What header.index_sha256 must be: the SHA-256 of the 64 KiB with that field zero.
[[nodiscard]] Sum index_sum(Index_span bytes);

} // namespace xvm::pack
