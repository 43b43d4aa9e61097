// SPDX-License-Identifier: Apache-2.0
// Shared memory in which a test sees every load before it happens, in the C++ ring and in the C one
// (kernel_shim.h calls xvm_count_load). What the test does then is what a peer on another processor
// could have done: count, or rewrite the page.
#pragma once

#include "libvmshare/ring/memory.hpp"

#include <array>
#include <bit>
#include <functional>

namespace xvm::test {

/// Called before each load from the shared region; `word` is what will be loaded.
inline std::function<void(const void* word)> on_load;

struct Observed_memory : ring::Shared_memory {
    static std::uint32_t load_acquire(Index& index) {
        if (on_load) on_load(&index);
        return Shared_memory::load_acquire(index);
    }
    static std::uint32_t load_flag(Index& flag) {
        if (on_load) on_load(&flag);
        return Shared_memory::load_flag(flag);
    }
    static bool compare_exchange_flag(Index& flag, std::uint32_t expected, std::uint32_t value) {
        if (on_load) on_load(nullptr); // the peer may come before it; it is not a load that decides
        return Shared_memory::compare_exchange_flag(flag, expected, value);
    }
    template <class Slot>
    static Slot load_slot(std::uint64_t* slots, std::uint32_t at) {
        std::array<std::uint64_t, sizeof(Slot) / 8> copy;
        for (std::size_t i = 0; i < copy.size(); ++i) {
            std::uint64_t* word = slots + at * copy.size() + i;
            if (on_load) on_load(word);
            copy[i] = Shared_memory::load_slot<std::uint64_t>(word, 0);
        }
        return std::bit_cast<Slot>(copy);
    }
};

} // namespace xvm::test
