// SPDX-License-Identifier: Apache-2.0
// The pieces of a file that hold data, in order; between them are holes, which read as zero.
// Invariant: every byte of the range belongs to exactly one piece, and a piece is at most 1 MiB of
// data or 64 MiB of a hole: whoever visits gets to look up often, to draw a bar or to stop.
#pragma once

#include "libvmshare/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

namespace xvm::pack {

struct Piece {
    std::uint64_t at = 0;             ///< bytes from the start of the range
    std::uint64_t size = 0;           ///< bytes
    std::span<const std::byte> bytes; ///< `size` bytes of data; empty: a hole
};

/// Walks `size` bytes from `offset` of `fd`. Where the file system cannot tell holes (and on block
/// devices) all is data. A file that ends before is an error naming `name`.
[[nodiscard]] Status for_each_piece(int fd, std::uint64_t offset, std::uint64_t size, const std::string& name,
                                    const std::function<Status(const Piece&)>& visit);

} // namespace xvm::pack
