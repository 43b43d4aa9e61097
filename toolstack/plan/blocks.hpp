// SPDX-License-Identifier: Apache-2.0
// How the memory of a guest of the BLOCK engine is parted: what it boots with and keeps, and slots for blocks
// (docs/protocols/memory.md).
//
// Invariant: boot_bytes + filled * block_bytes is the guest's memory; boot_bytes is not less than its
// minimum.
#pragma once

#include "toolstack/plan/config.hpp"

namespace xvm::plan {

inline constexpr std::uint64_t block_bytes = 128ULL << 20;

struct Blocks {
    std::uint64_t boot_bytes = 0;
    std::uint64_t base = 0; ///< where slot 0 begins in the guest
    unsigned slots = 0;     ///< so many fit below its maximum; none: all its memory is what it boots with
    unsigned filled = 0;    ///< the first ones, when it starts
    bool operator==(const Blocks&) const = default;
};

/// Of a guest whose memory_engine is `block`; of another, all of its memory is what it boots with.
[[nodiscard]] Blocks blocks_of(const Guest_config& guest) noexcept;

} // namespace xvm::plan
