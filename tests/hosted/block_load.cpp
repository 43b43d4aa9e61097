// SPDX-License-Identifier: Apache-2.0
#include "tests/hosted/block_load.hpp"

#include <algorithm>
#include <cstring>

namespace xvm::test {
namespace {

constexpr std::uint32_t sector = XVM_BLK_SECTOR_BYTES;
constexpr std::uint32_t page = port::page_bytes;

} // namespace

Block_load::Block_load(Block_front& front, std::vector<std::byte>& model, unsigned depth,
                       std::uint32_t bytes_max, bool writes, unsigned seed)
    : front_(front), model_(model), slots_(depth), bytes_max_(bytes_max), writes_(writes), random_(seed) {
    for (Slot& slot : slots_) {
        slot.pages = front_.share((bytes_max + page - 1) / page + 1);
        slot.table = front_.share(1, port::Access::read_only);
    }
}

void Block_load::start(unsigned number) {
    Slot& slot = slots_[number];
    const auto below = [this](std::uint64_t n) { return random_() % n; };
    const std::uint64_t slice = model_.size() / slots_.size() / sector;
    const std::uint64_t sectors = 1 + below(std::min<std::uint64_t>(bytes_max_ / sector, slice));
    slot.bytes = static_cast<std::uint32_t>(sectors * sector);
    slot.skip = static_cast<std::uint32_t>(bytes_max_ >= page && sectors > 1 ? below(8) * sector : 0);
    if (slot.skip + slot.bytes > 256 * page) slot.skip = 0;

    xvm_blk_request& r = slot.request;
    r = {};
    r.header.id = number + 1;
    r.op = writes_ && below(2) ? XVM_BLK_WRITE : XVM_BLK_READ;
    r.sector = number * slice + below(slice - sectors + 1);
    std::vector<xvm_blk_segment> segments;
    for (std::uint32_t at = slot.skip; at < slot.skip + slot.bytes;) {
        const std::uint32_t end = std::min((at / page + 1) * page, slot.skip + slot.bytes);
        segments.push_back({xvm::number(slot.pages.grefs[at / page]),
                            static_cast<std::uint8_t>(at % page / sector),
                            static_cast<std::uint8_t>((end - 1) % page / sector), 0});
        at = end;
    }
    r.nr_segments = static_cast<std::uint16_t>(segments.size());
    if (segments.size() <= XVM_BLK_INLINE_SEGMENTS) {
        std::copy(segments.begin(), segments.end(), r.segments);
    } else {
        r.flags = XVM_BLK_INDIRECT;
        r.segments[0].gref = xvm::number(slot.table.grefs[0]);
        std::memcpy(slot.table.bytes.data(), segments.data(), segments.size() * sizeof segments[0]);
    }
    const auto data = slot.pages.bytes.subspan(slot.skip, slot.bytes);
    if (r.op == XVM_BLK_WRITE) {
        for (std::byte& b : data)
            b = static_cast<std::byte>(random_());
        std::copy(data.begin(), data.end(), model_.begin() + static_cast<std::ptrdiff_t>(r.sector * sector));
    } else {
        std::fill(data.begin(), data.end(), std::byte{0xee});
    }
    slot.busy = true;
    ++started_;
    front_.submit(r);
}

void Block_load::finish_some() {
    for (const auto& [id, status] : front_.wait()) {
        Slot& slot = slots_.at(id - 1);
        slot.busy = false;
        ++result_.requests;
        result_.bytes += slot.bytes;
        const auto data = slot.pages.bytes.subspan(slot.skip, slot.bytes);
        const auto disk = std::span(model_).subspan(slot.request.sector * sector, slot.bytes);
        const bool right =
            slot.request.op == XVM_BLK_WRITE || std::equal(data.begin(), data.end(), disk.begin());
        result_.wrong += status != XVM_BLK_OK || !right;
    }
}

} // namespace xvm::test
