// SPDX-License-Identifier: Apache-2.0
#include "backends/block/parse.hpp"

#include "libvmshare/base/assert.hpp"

#include <algorithm>

namespace xvm::block {
namespace {

bool all_zero(std::span<const xvm_blk_segment> segments) noexcept {
    return std::all_of(segments.begin(), segments.end(), [](const xvm_blk_segment& s) {
        return s.gref == 0 && s.first_sector == 0 && s.last_sector == 0 && s.reserved == 0;
    });
}

/// Segments that the request itself uses: its own, or the one that names the page of segments.
std::size_t inline_used(const xvm_blk_request& raw, bool indirect) noexcept {
    return indirect ? 1 : raw.nr_segments;
}

Head parse_flush(const xvm_blk_request& raw) noexcept {
    if (raw.flags != 0 || raw.nr_segments != 0 || raw.sector != 0 || !all_zero(raw.segments))
        return Verdict::invalid;
    return Flush{};
}

} // namespace

Head parse_head(const xvm_blk_request& raw, const Limits& limits) noexcept {
    if (raw.op > XVM_BLK_FLUSH || (raw.flags & ~XVM_BLK_INDIRECT) != 0 || raw.reserved != 0)
        return Verdict::invalid;
    if (raw.op == XVM_BLK_FLUSH) return parse_flush(raw);

    const bool indirect = (raw.flags & XVM_BLK_INDIRECT) != 0;
    const std::size_t segments_max =
        indirect ? limits.segments_max : std::min<std::size_t>(limits.segments_max, XVM_BLK_INLINE_SEGMENTS);
    if (raw.nr_segments == 0 || raw.nr_segments > segments_max) return Verdict::invalid;
    if (!all_zero(std::span(raw.segments).subspan(inline_used(raw, indirect)))) return Verdict::invalid;
    const xvm_blk_segment& first = raw.segments[0];
    if (indirect && (first.first_sector != 0 || first.last_sector != 0 || first.reserved != 0))
        return Verdict::invalid;
    if (raw.op == XVM_BLK_WRITE && limits.read_only) return Verdict::read_only;
    if (raw.sector >= limits.sectors) return Verdict::range;

    Transfer_head head{static_cast<Op>(raw.op), raw.sector, raw.nr_segments, std::nullopt};
    if (indirect) head.indirect = Gref{first.gref};
    return head;
}

Verdict parse_segments(std::span<const xvm_blk_segment> raw, std::uint64_t sector, const Limits& limits,
                       std::span<Piece> pieces, std::uint32_t& bytes) noexcept {
    XVM_ASSERT(raw.size() == pieces.size() && raw.size() <= XVM_BLK_INDIRECT_SEGMENTS_MAX);
    std::uint32_t sectors = 0; // at most 512 segments of 8
    for (std::size_t i = 0; i < raw.size(); ++i) {
        const xvm_blk_segment& s = raw[i];
        if (s.reserved != 0 || s.last_sector >= XVM_BLK_SECTORS_PER_PAGE || s.first_sector > s.last_sector)
            return Verdict::invalid;
        const unsigned count = s.last_sector - s.first_sector + 1u;
        pieces[i] = {Gref{s.gref}, static_cast<std::uint16_t>(s.first_sector * XVM_BLK_SECTOR_BYTES),
                     static_cast<std::uint16_t>(count * XVM_BLK_SECTOR_BYTES)};
        sectors += count;
    }
    // sector + sectors may wrap; the difference cannot.
    if (sectors > limits.sectors || sector > limits.sectors - sectors) return Verdict::range;
    bytes = sectors * XVM_BLK_SECTOR_BYTES;
    return Verdict::ok;
}

} // namespace xvm::block
