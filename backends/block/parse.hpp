// SPDX-License-Identifier: Apache-2.0
// From the raw copy of a request to one that may be carried out. Pure and total: every byte a guest can
// choose is judged here, and nothing after this file looks at a raw request.
//
// Invariant: a Transfer lies wholly on the disk; each of its Pieces lies wholly in one page and is not
// empty; the pieces are exactly as long as the transfer, and at most `segments_max`.
#pragma once

#include "libvmshare/abi/block.h"
#include "libvmshare/base/ids.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <variant>

namespace xvm::block {

/// What the disk at hand allows. segments_max: 1 … XVM_BLK_INDIRECT_SEGMENTS_MAX.
struct Limits {
    std::uint64_t sectors = 0;
    std::uint16_t segments_max = 0;
    bool read_only = true;
};

/// A verdict other than `ok` is the status of the answer.
enum class Verdict : std::int32_t {
    ok = XVM_BLK_OK,
    invalid = XVM_BLK_E_INVALID,
    range = XVM_BLK_E_RANGE,
    read_only = XVM_BLK_E_READ_ONLY,
};

enum class Op : std::uint8_t { read = XVM_BLK_READ, write = XVM_BLK_WRITE };

struct Flush {};

/// A read or write whose segments are still raw. Not yet known: how long it is.
struct Transfer_head {
    Op op = Op::read;
    std::uint64_t sector = 0;
    std::uint16_t segments = 0;   ///< 1 … segments_max; without `indirect` at most the inline ones
    std::optional<Gref> indirect; ///< the page to copy the segments from
};

using Head = std::variant<Verdict, Flush, Transfer_head>;

/// Judges everything but the segments themselves. Verdict::ok is never returned.
[[nodiscard]] Head parse_head(const xvm_blk_request& raw, const Limits& limits) noexcept;

/// Bytes of one granted page.
struct Piece {
    Gref gref{};
    std::uint16_t offset = 0; ///< offset + length <= 4096, both multiples of 512
    std::uint16_t length = 0; ///< > 0
};

/// Judges the segments of a transfer that begins at `sector`; fills `pieces` (as many as `raw`) and
/// `bytes`. Both are unspecified unless the verdict is ok.
[[nodiscard]] Verdict parse_segments(std::span<const xvm_blk_segment> raw, std::uint64_t sector,
                                     const Limits& limits, std::span<Piece> pieces,
                                     std::uint32_t& bytes) noexcept;

} // namespace xvm::block
