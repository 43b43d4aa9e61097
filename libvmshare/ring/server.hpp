// SPDX-License-Identifier: Apache-2.0
// The back end's side of a ring: takes requests, answers each exactly once, in any order.
//
// Invariant, and one half of the capacity rule (the other half is in client.hpp): a request is taken
// only when its response has room. A correct front end always leaves that room; one that does not is
// broken. So responding never fails and never waits.
//
//     on event:  server.begin_wake();
//                for (;;) {
//                    while (server.take(request) == Take::taken) start(request);
//                    submit what was started; unmask the event channel;
//                    if (server.arm() == Arm::sleep) break;
//                }
//     when done: server.respond(response) for each; then if (server.publish()) send the event;
#pragma once

#include "libvmshare/ring/region.hpp"

namespace xvm::ring {

template <class Req, class Rsp, class Memory = Shared_memory>
class Server {
  public:
    /// `start`: the index at which both queues begin; 0 on a fresh ring.
    explicit Server(const Region& region, std::uint32_t start = 0)
        : region_(region), requests_(region.requests<Req, Memory>(), start),
          responses_(region.responses<Rsp, Memory>(), start) {}

    void begin_wake() { requests_.begin_wake(); }

    /// `broken` also when the front end left no room for the answer.
    [[nodiscard]] Take take(Req& request) {
        if (overcommitted_) return Take::broken;
        const Take verdict = requests_.take(request);
        if (verdict != Take::taken) return verdict;
        overcommitted_ = responses_.room(unanswered_ + 1) <= unanswered_;
        if (overcommitted_) return Take::broken;
        ++unanswered_;
        return Take::taken;
    }

    /// Answers one taken request; nobody sees it before publish().
    void respond(const Rsp& response) {
        XVM_ASSERT(unanswered_ > 0);
        --unanswered_;
        responses_.push(response);
    }

    /// Makes the responses visible. True: the caller sends the event now.
    [[nodiscard]] bool publish() {
        requests_.release(); // an answered request's slot is free before its answer is seen
        return responses_.publish();
    }

    [[nodiscard]] Arm arm() {
        if (overcommitted_) return Arm::sleep;
        const Arm verdict = requests_.arm();
        region_.show_back(counters());
        return verdict;
    }

    /// The front end wrote what a correct one never writes. The ring is stopped for good.
    [[nodiscard]] bool broken() const noexcept {
        return overcommitted_ || requests_.broken() || responses_.broken();
    }
    /// Requests taken and not yet answered.
    [[nodiscard]] std::uint32_t unanswered() const noexcept { return unanswered_; }
    [[nodiscard]] xvm_ring_stats counters() const noexcept { return counters_of(responses_, requests_); }

  private:
    Region region_;
    Consumer<Req, Memory> requests_;
    Producer<Rsp, Memory> responses_;
    std::uint32_t unanswered_ = 0;
    bool overcommitted_ = false;
};

} // namespace xvm::ring
