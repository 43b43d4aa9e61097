// SPDX-License-Identifier: Apache-2.0
// The shared region of one ring: its constants, and where its two queues lie.
//
// Invariant: a Region that exists has a geometry that fits the memory it was given; the constants in
// shared memory were read once, at attach, and are never looked at again.
#pragma once

#include "libvmshare/base/result.hpp"
#include "libvmshare/ring/queue.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace xvm::ring {

class Region {
  public:
    /// Front end: makes `memory` (page-aligned; 1, 2, 4, 8 or 16 pages) a ring at rest.
    /// `features`: XVM_RING_F_* that both ends offered.
    [[nodiscard]] static Result<Region> create(std::span<std::byte> memory, std::uint32_t features,
                                               std::uint32_t generation = 0);

    /// Back end: takes the ring that a front end made in `memory`. Anything that is not exactly as
    /// this header file lays it out, or a feature outside `offered`, is refused: the Error says what.
    [[nodiscard]] static Result<Region> attach(std::span<std::byte> memory,
                                               std::uint32_t offered = XVM_RING_F_ALL);

    [[nodiscard]] std::uint32_t nslots() const noexcept { return nslots_; }
    [[nodiscard]] std::uint32_t features() const noexcept { return features_; }
    [[nodiscard]] std::uint32_t generation() const noexcept { return generation_; }

    template <class Req, class Memory = Shared_memory>
    [[nodiscard]] Queue<Req, Memory> requests() const noexcept {
        static_assert(sizeof(Req) == XVM_RING_REQ_BYTES);
        return {ring_->req_prod.value,
                ring_->req_cons.value,
                ring_->req_flag.value,
                req_slots(),
                nslots_,
                (features_ & XVM_RING_F_CLAIM) != 0};
    }
    template <class Rsp, class Memory = Shared_memory>
    [[nodiscard]] Queue<Rsp, Memory> responses() const noexcept {
        static_assert(sizeof(Rsp) == XVM_RING_RSP_BYTES);
        return {ring_->rsp_prod.value,
                ring_->rsp_cons.value,
                ring_->rsp_flag.value,
                rsp_slots(),
                nslots_,
                (features_ & XVM_RING_F_CLAIM) != 0};
    }

    /// Whether all indices are 0, as in a ring that nobody has used yet.
    [[nodiscard]] bool at_rest() const noexcept;

    /// Shows the peer's tools what this end has counted.
    void show_front(const xvm_ring_stats& stats) const noexcept { show(ring_->front_stats, stats); }
    void show_back(const xvm_ring_stats& stats) const noexcept { show(ring_->back_stats, stats); }
    /// What the front end says of itself. Not to be believed: for a person to read.
    [[nodiscard]] xvm_ring_stats claimed_front() const noexcept;

  private:
    Region(xvm_ring* ring, const xvm_ring_constants& constants) noexcept
        : ring_(ring), nslots_(constants.nslots), features_(constants.features),
          generation_(constants.generation) {}
    static void show(xvm_ring_stats& shared, const xvm_ring_stats& stats) noexcept;
    [[nodiscard]] std::uint64_t* req_slots() const noexcept {
        return reinterpret_cast<std::uint64_t*>(ring_ + 1);
    }
    [[nodiscard]] std::uint64_t* rsp_slots() const noexcept {
        return req_slots() + nslots_ * (XVM_RING_REQ_BYTES / sizeof(std::uint64_t));
    }

    xvm_ring* ring_;
    std::uint32_t nslots_;
    std::uint32_t features_;
    std::uint32_t generation_;
};

} // namespace xvm::ring
