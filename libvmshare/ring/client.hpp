// SPDX-License-Identifier: Apache-2.0
// The front end's side of a ring: submits requests, takes responses.
//
// Invariant, and one half of the capacity rule (the other half is in server.hpp): requests without an
// answer, plus answers not yet given back, never exceed nslots. So every request has a response slot
// kept for it, the back end can always answer, and neither end ever waits for room in both queues.
//
//     submit:    while (client.room() > 0 && more) client.push(request);
//                if (client.publish()) send the event;
//     on event:  client.begin_wake();
//                do { while (client.take(response) == Take::taken) finish(response); }
//                while (client.arm() == Arm::work);
#pragma once

#include "libvmshare/ring/region.hpp"

namespace xvm::ring {

template <class Req, class Rsp, class Memory = Shared_memory>
class Client {
  public:
    /// `start`: the index at which both queues begin; 0 on a fresh ring.
    explicit Client(const Region& region, std::uint32_t start = 0)
        : region_(region), requests_(region.requests<Req, Memory>(), start),
          responses_(region.responses<Rsp, Memory>(), start) {}

    /// How many more requests may be pushed now; 0 while the ring is full, and for good once broken.
    [[nodiscard]] std::uint32_t room() {
        if (broken()) return 0;
        if (unanswered_ + unreleased_ == region_.nslots()) release();
        return std::min(requests_.room(), region_.nslots() - unanswered_ - unreleased_);
    }
    /// The caller has seen room() > 0.
    void push(const Req& request) {
        XVM_ASSERT(unanswered_ + unreleased_ < region_.nslots());
        requests_.push(request);
        ++unanswered_;
    }
    /// Makes pushed requests visible. True: the caller sends the event now.
    [[nodiscard]] bool publish() { return requests_.publish(); }

    void begin_wake() { responses_.begin_wake(); }

    /// `broken` also when the back end answers more than it was asked.
    [[nodiscard]] Take take(Rsp& response) {
        if (unexpected_) return Take::broken;
        const Take verdict = responses_.take(response);
        if (verdict != Take::taken) return verdict;
        if (unanswered_ == 0) {
            unexpected_ = true;
            return Take::broken;
        }
        --unanswered_;
        ++unreleased_;
        return Take::taken;
    }

    /// Gives the taken responses' slots back. arm() does it, and room() when it has none left.
    void release() {
        responses_.release();
        unreleased_ = 0;
    }

    [[nodiscard]] Arm arm() {
        release();
        if (unexpected_) return Arm::sleep;
        const Arm verdict = responses_.arm();
        region_.show_front(counters());
        return verdict;
    }

    /// The back end wrote what a correct one never writes. The ring is stopped for good.
    [[nodiscard]] bool broken() const noexcept {
        return unexpected_ || requests_.broken() || responses_.broken();
    }
    [[nodiscard]] std::uint32_t unanswered() const noexcept { return unanswered_; }
    [[nodiscard]] xvm_ring_stats counters() const noexcept { return counters_of(requests_, responses_); }

  private:
    Region region_;
    Producer<Req, Memory> requests_;
    Consumer<Rsp, Memory> responses_;
    std::uint32_t unanswered_ = 0; // pushed, and no response taken
    std::uint32_t unreleased_ = 0; // response taken, its slot not given back
    bool unexpected_ = false;
};

} // namespace xvm::ring
