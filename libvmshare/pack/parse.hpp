// SPDX-License-Identifier: Apache-2.0
// Bytes to Index. Total: every input of 64 KiB gives an Index that keeps its invariant, or a fault;
// nothing throws, reads outside the span, or allocates by a number that the bytes hold.
#pragma once

#include "libvmshare/pack/index.hpp"
#include "libvmshare/pack/index_fault.hpp"
#include "libvmshare/pack/layout.hpp"

#include <span>
#include <tl/expected.hpp>

namespace xvm::pack {

using Index_span = std::span<const std::byte, index_bytes>;

/// `disk_bytes`: how long the file or device really is. Shorter than the header says is the fault
/// `truncated`, naming the first image that is not wholly there; longer is fine.
[[nodiscard]] tl::expected<Index, Index_fault> parse(Index_span bytes, std::uint64_t disk_bytes);

} // namespace xvm::pack
