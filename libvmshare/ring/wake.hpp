// SPDX-License-Identifier: Apache-2.0
// The wake protocol: when a producer sends the event, when a consumer may sleep.
//
//     producer                                      consumer
//     write the slots                               event received: begin_wake: flag = RUNNING
//     publish:  prod = p      (release)             take the slots until the queue is empty
//               full fence F1                       arm:  flag = SLEEPING
//               flag SLEEPING? then send                  full fence F2
//                                                         prod moved? flag = RUNNING, take again
//                                                         else wait for the event
//
// Invariant: no consumer stays asleep with a slot in its queue. Proof: F1 and F2 have an order. If F1
// came first, the consumer's re-check sees p and it does not sleep. If F2 came first, the producer
// sees SLEEPING and sends, unless the consumer has awakened since, and then it looks at the queue
// again before it sleeps. Weaker fences, one fence, or no re-check lose wake-ups: tests/model.
//
// With a claim the producer first turns SLEEPING into WAKING, so a sleep is ended by one event,
// however many slots are published until the consumer runs. A flag of any unknown value is SLEEPING:
// a hostile consumer can only cause sends, a hostile producer can only fail to wake its own server.
//
// The same in C for the kernel: frontends/linux/xvm_ring_wake.h.
#pragma once

#include "libvmshare/abi/ring.h"

#include <cstdint>

namespace xvm::ring {

enum class Wake_up {
    not_needed, ///< the consumer looks at the queue by itself
    send,       ///< the caller sends the event now
    claim_lost, ///< it slept, and woke by itself before we claimed the wake-up
};

/// Producer: makes the slots before index `prod` visible. `send` obliges the caller to send the event.
template <class Memory>
Wake_up publish(typename Memory::Index& shared_prod, typename Memory::Index& flag, std::uint32_t prod,
                bool claim) {
    Memory::store_release(shared_prod, prod);
    Memory::fence_after_publish(); // F1
    const std::uint32_t seen = Memory::load_flag(flag);
    if (seen == XVM_RING_RUNNING || seen == XVM_RING_WAKING) return Wake_up::not_needed;
    if (claim && !Memory::compare_exchange_flag(flag, seen, XVM_RING_WAKING)) return Wake_up::claim_lost;
    return Wake_up::send;
}

/// Consumer: on the event, before the first slot is taken.
template <class Memory>
void begin_wake(typename Memory::Index& flag) {
    Memory::store_flag(flag, XVM_RING_RUNNING);
}

/// Consumer: after the queue was seen empty at index `cons`. Returns the producer's index as re-checked:
/// `cons` itself obliges the caller to wait for the event, any other value to take again.
/// An event channel that was masked when its event arrived must be unmasked before this call.
template <class Memory>
std::uint32_t arm(typename Memory::Index& shared_prod, typename Memory::Index& flag, std::uint32_t cons) {
    Memory::store_flag(flag, XVM_RING_SLEEPING);
    Memory::fence_after_arm(); // F2
    const std::uint32_t prod = Memory::load_acquire(shared_prod);
    if (prod != cons) Memory::store_flag(flag, XVM_RING_RUNNING);
    return prod;
}

} // namespace xvm::ring
