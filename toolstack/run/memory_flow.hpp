// SPDX-License-Identifier: Apache-2.0
// Memory on its way: some guests come down, another goes up by what they have released so far, at once and
// not after the whole. Without a taker what is released stays free, for whoever has it reserved.
//
// Invariant: the taker is never offered more than its share of what is free: what givers together have given
// up, and what was free for it before. So what all of them own and what is free stays the same sum.
// A giver that refuses, or gives next to nothing for a tenth of the time, is asked no more, and others give
// instead of it, if they can make up for all of it.
// It ends when everything is where it is to be, a giver refuses, an end is gone, or the time is up.
#pragma once

#include "libvmshare/port/memory.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <vector>

namespace xvm::run {

struct Flow_end {
    port::Memory_engine* engine = nullptr;
    port::Memory_side side;
    std::string name;
    std::uint64_t to_bytes = 0; ///< what a giver is to keep, a taker to have
    /// Down to this a giver stands in for another that stalls or refuses, in whole steps; 0: it does not.
    std::uint64_t least_bytes = 0;
    std::uint64_t step_bytes = 0;
};

struct Flow {
    std::vector<Flow_end> givers;
    std::optional<Flow_end> taker;
    std::uint64_t free_bytes = 0; ///< for the taker, of what is free without any giver
};

struct Flow_hooks {
    std::function<Status()> go_on;                             ///< an Error ends it; may be empty
    std::function<void(std::uint64_t bytes)> moved;            ///< released so far; may be empty
    std::function<void(std::chrono::milliseconds)> pause = {}; ///< empty: sleeps
};

struct Flow_outcome {
    std::uint64_t released_bytes = 0; ///< by all givers; of one that is gone, all that it was to give
    std::uint64_t taken_bytes = 0;
    Status complete; ///< or why not: exhausted: refused; timeout; not_found: the taker is gone
};

/// Asks the givers, and runs until it ends. Nothing is taken back.
[[nodiscard]] Flow_outcome run_flow(const Flow& flow, std::chrono::milliseconds limit,
                                    const Flow_hooks& hooks);

} // namespace xvm::run
