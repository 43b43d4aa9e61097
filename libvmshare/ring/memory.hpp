// SPDX-License-Identifier: Apache-2.0
// How the ring touches memory that another domain writes at the same time.
//
// Invariant: every access to the shared region is one of the operations below, and each moves its
// word exactly once, so what was checked is what is used. Producer and Consumer take this class as a
// template parameter: the model checker runs the same code on its own memory.
#pragma once

#include "libvmshare/abi/ring.h"

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace xvm::ring {

class Shared_memory {
  public:
    using Index = std::uint32_t;
    /// nslots × sizeof(Slot) bytes, addressed as 64-bit words.
    template <class Slot>
    using Slots = std::uint64_t*;

    static std::uint32_t load_acquire(Index& index) noexcept { return ref(index).load(acquire); }
    static void store_release(Index& index, std::uint32_t value) noexcept {
        ref(index).store(value, release);
    }
    static std::uint32_t load_flag(Index& flag) noexcept { return ref(flag).load(flag_order); }
    static void store_flag(Index& flag, std::uint32_t value) noexcept { ref(flag).store(value, flag_order); }
    /// Puts `value` in the place of `expected`; false if the flag has changed.
    static bool compare_exchange_flag(Index& flag, std::uint32_t expected, std::uint32_t value) noexcept {
        return ref(flag).compare_exchange_strong(expected, value, std::memory_order_acq_rel,
                                                 std::memory_order_relaxed);
    }

#ifdef XVM_TSAN
    // The thread sanitizer does not know fences. Of equal strength: index and flag are accessed in
    // sequentially consistent order.
    static void fence_after_publish() noexcept {}
    static void fence_after_arm() noexcept {}
#else
    static void fence_after_publish() noexcept {
        std::atomic_thread_fence(std::memory_order_seq_cst);
    }
    static void fence_after_arm() noexcept {
        std::atomic_thread_fence(std::memory_order_seq_cst);
    }
#endif

    template <class Slot>
    static Slot load_slot(std::uint64_t* slots, std::uint32_t at) noexcept {
        check_slot<Slot>();
        std::array<std::uint64_t, words<Slot>> copy;
        for (std::size_t i = 0; i < words<Slot>; ++i)
            copy[i] = word(slots[at * words<Slot> + i]).load(std::memory_order_relaxed);
        return std::bit_cast<Slot>(copy);
    }
    template <class Slot>
    static void store_slot(std::uint64_t* slots, std::uint32_t at, const Slot& slot) noexcept {
        check_slot<Slot>();
        const auto copy = std::bit_cast<std::array<std::uint64_t, words<Slot>>>(slot);
        for (std::size_t i = 0; i < words<Slot>; ++i)
            word(slots[at * words<Slot> + i]).store(copy[i], std::memory_order_relaxed);
    }

  private:
#ifdef XVM_TSAN
    static constexpr std::memory_order acquire = std::memory_order_seq_cst;
    static constexpr std::memory_order release = std::memory_order_seq_cst;
    static constexpr std::memory_order flag_order = std::memory_order_seq_cst;
#else
    static constexpr std::memory_order acquire = std::memory_order_acquire;
    static constexpr std::memory_order release = std::memory_order_release;
    static constexpr std::memory_order flag_order = std::memory_order_relaxed;
#endif
    template <class Slot>
    static constexpr std::size_t words = sizeof(Slot) / sizeof(std::uint64_t);
    template <class Slot>
    static constexpr void check_slot() {
        static_assert(sizeof(Slot) % sizeof(std::uint64_t) == 0, "slots are copied by 64-bit words");
        static_assert(std::has_unique_object_representations_v<Slot>, "padding would leak bytes");
    }
    static std::atomic_ref<std::uint32_t> ref(Index& index) noexcept {
        return std::atomic_ref(index);
    }
    static std::atomic_ref<std::uint64_t> word(std::uint64_t& w) noexcept {
        return std::atomic_ref(w);
    }
};

} // namespace xvm::ring
