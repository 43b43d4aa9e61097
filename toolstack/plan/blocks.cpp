// SPDX-License-Identifier: Apache-2.0
#include "toolstack/plan/blocks.hpp"

#include <algorithm>

namespace xvm::plan {
namespace {

constexpr std::uint64_t four_gib = 4ULL << 30;
/// A Linux kernel of today with its own data.
constexpr std::uint64_t boot_least_bytes = 128ULL << 20;
constexpr std::uint64_t slots_most = 512;

} // namespace

Blocks blocks_of(const Guest_config& guest) noexcept {
    Blocks blocks;
    blocks.boot_bytes = guest.memory_bytes;
    if (guest.memory_engine != Memory_engine::block) return blocks;
    const std::uint64_t least = std::max(guest.memory_min_bytes, boot_least_bytes);
    const std::uint64_t spare = guest.memory_bytes > least ? guest.memory_bytes - least : 0;
    const std::uint64_t filled = std::min(spare / block_bytes, slots_most);
    blocks.filled = static_cast<unsigned>(filled);
    blocks.boot_bytes -= filled * block_bytes;
    const std::uint64_t room = guest.memory_max_bytes - std::min(guest.memory_max_bytes, blocks.boot_bytes);
    blocks.slots = static_cast<unsigned>(std::min(room / block_bytes, slots_most));
    // What does not fit below the hole under 4 GiB lies above it, and is less than the whole.
    const std::uint64_t end = blocks.boot_bytes < four_gib / 2 ? four_gib : four_gib + blocks.boot_bytes;
    blocks.base = (end + block_bytes - 1) / block_bytes * block_bytes;
    return blocks;
}

} // namespace xvm::plan
