// SPDX-License-Identifier: Apache-2.0
// One direction of a ring: a single-producer, single-consumer queue in shared memory.
//
// Invariant: each end keeps its own index privately and writes the shared copy without ever reading
// it back; the peer's index is believed only within [what we know, what is possible]. An impossible
// index means the peer is broken or hostile: the end is stopped for good (`broken`).
#pragma once

#include "libvmshare/base/assert.hpp"
#include "libvmshare/ring/memory.hpp"
#include "libvmshare/ring/wake.hpp"

#include <algorithm>
#include <cstdint>

namespace xvm::ring {

/// Where a queue's words are.
template <class Slot, class Memory = Shared_memory>
struct Queue {
    typename Memory::Index& prod;
    typename Memory::Index& cons;
    typename Memory::Index& flag;
    typename Memory::template Slots<Slot> slots;
    std::uint32_t nslots; ///< a power of two
    bool claim;           ///< the producer claims a wake-up before it sends
};

template <class Slot, class Memory = Shared_memory>
class Producer {
  public:
    /// `start` is 0 on a fresh ring.
    explicit Producer(const Queue<Slot, Memory>& queue, std::uint32_t start = 0)
        : queue_(queue), prod_(start), published_(start), cons_(start) {}

    /// Free slots that are known of; looks at the shared index only when fewer than `wanted` are.
    /// 0 if broken.
    [[nodiscard]] std::uint32_t room(std::uint32_t wanted = 1) {
        if (broken_) return 0;
        if (queue_.nslots - (prod_ - cons_) < wanted) {
            const std::uint32_t cons = Memory::load_acquire(queue_.cons);
            // A consumer goes only forward, and never past what was published.
            if (cons - cons_ > published_ - cons_) {
                broken_ = true;
                return 0;
            }
            cons_ = cons;
        }
        return queue_.nslots - (prod_ - cons_);
    }

    /// Fills the next slot; nobody sees it before publish(). The caller has seen room() > 0.
    void push(const Slot& slot) {
        XVM_ASSERT(prod_ - cons_ < queue_.nslots);
        Memory::template store_slot<Slot>(queue_.slots, prod_ & (queue_.nslots - 1), slot);
        ++prod_;
    }

    /// Makes the pushed slots visible. True: the caller sends the event now.
    [[nodiscard]] bool publish() {
        const std::uint32_t batch = prod_ - published_;
        if (batch == 0 || broken_) return false;
        published_ = prod_;
        const Wake_up wake_up = ring::publish<Memory>(queue_.prod, queue_.flag, prod_, queue_.claim);
        inserts_ += batch;
        max_batch_ = std::max(max_batch_, batch);
        sends_ += wake_up == Wake_up::send;
        claims_lost_ += wake_up == Wake_up::claim_lost;
        return wake_up == Wake_up::send;
    }

    /// The consumer wrote an impossible index.
    [[nodiscard]] bool broken() const noexcept { return broken_; }

    void count(xvm_ring_stats& stats) const noexcept {
        stats.inserts = inserts_;
        stats.sends = sends_;
        stats.claims_lost = claims_lost_;
        stats.max_batch = max_batch_;
    }

  private:
    Queue<Slot, Memory> queue_;
    std::uint32_t prod_;      // next slot to fill
    std::uint32_t published_; // what the consumer can see
    std::uint32_t cons_;      // the consumer's index, as last believed
    bool broken_ = false;
    std::uint64_t inserts_ = 0;
    std::uint64_t sends_ = 0;
    std::uint64_t claims_lost_ = 0;
    std::uint32_t max_batch_ = 0;
};

enum class Take {
    taken,
    empty,
    broken, ///< the producer wrote an impossible index; nothing will ever be taken again
};

enum class Arm {
    sleep, ///< wait for the event
    work,  ///< take() again: it will not say `empty`
};

template <class Slot, class Memory = Shared_memory>
class Consumer {
  public:
    /// `start` is 0 on a fresh ring. The consumer starts asleep: it works after begin_wake().
    explicit Consumer(const Queue<Slot, Memory>& queue, std::uint32_t start = 0)
        : queue_(queue), cons_(start), released_(start), prod_(start) {}

    /// On the event, before the first take(). Harmless when nothing is in the queue.
    void begin_wake() {
        ring::begin_wake<Memory>(queue_.flag);
        ++wakes_;
        takes_at_wake_ = takes_;
        awake_ = true;
    }

    /// Copies the next slot to `out`, each word fetched once. Looks at the shared index only when all
    /// slots that are known of have been taken.
    [[nodiscard]] Take take(Slot& out) {
        if (broken_) return Take::broken;
        if (cons_ == prod_) {
            believe(Memory::load_acquire(queue_.prod));
            if (broken_) return Take::broken;
            if (cons_ == prod_) return Take::empty;
        }
        out = Memory::template load_slot<Slot>(queue_.slots, cons_ & (queue_.nslots - 1));
        ++cons_;
        ++takes_;
        return Take::taken;
    }

    /// Gives the taken slots back to the producer; once per batch.
    void release() {
        if (released_ == cons_) return;
        released_ = cons_;
        Memory::store_release(queue_.cons, cons_);
    }

    /// Before going to sleep; releases first. A stopped consumer always sleeps.
    [[nodiscard]] Arm arm() {
        release();
        if (broken_) return Arm::sleep;
        if (cons_ != prod_) return Arm::work;
        if (awake_ && takes_ == takes_at_wake_) ++spurious_;
        awake_ = false;
        ++arms_;
        believe(ring::arm<Memory>(queue_.prod, queue_.flag, cons_));
        return cons_ == prod_ && !broken_ ? Arm::sleep : Arm::work;
    }

    [[nodiscard]] bool broken() const noexcept { return broken_; }

    void count(xvm_ring_stats& stats) const noexcept {
        stats.arms = arms_;
        stats.wakes = wakes_;
        stats.spurious = spurious_;
        stats.takes = takes_;
    }

  private:
    // Ahead by at most a full queue, counted from what we gave back; behind wraps to far ahead.
    void believe(std::uint32_t prod) {
        broken_ = prod - cons_ > queue_.nslots - (cons_ - released_);
        if (!broken_) prod_ = prod;
    }

    Queue<Slot, Memory> queue_;
    std::uint32_t cons_;     // next slot to take
    std::uint32_t released_; // what the producer may fill again
    std::uint32_t prod_;     // the producer's index, as last believed
    bool broken_ = false;
    bool awake_ = false; // an event has not yet been followed by arm()
    std::uint64_t arms_ = 0;
    std::uint64_t wakes_ = 0;
    std::uint64_t spurious_ = 0;
    std::uint64_t takes_ = 0;
    std::uint64_t takes_at_wake_ = 0;
};

/// What one end has counted: as producer of one queue and as consumer of the other.
template <class Producer_type, class Consumer_type>
[[nodiscard]] xvm_ring_stats counters_of(const Producer_type& producer,
                                         const Consumer_type& consumer) noexcept {
    xvm_ring_stats stats{};
    producer.count(stats);
    consumer.count(stats);
    return stats;
}

} // namespace xvm::ring
