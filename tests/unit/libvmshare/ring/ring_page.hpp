// SPDX-License-Identifier: Apache-2.0
// What the ring's tests share: memory for a ring, slots with a recognisable content, and the C and the
// C++ implementation of either end of either queue under one interface.
#pragma once

#include "tests/unit/libvmshare/ring/kernel_shim.h" // before what it serves

#include "frontends/linux/xvm_ring.h"
#include "libvmshare/ring/client.hpp"
#include "libvmshare/ring/server.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>

namespace xvm::test {

struct Req {
    xvm_ring_req_hdr hdr;
    std::array<std::uint64_t, 6> body;
};
struct Rsp {
    xvm_ring_rsp_hdr hdr;
    std::uint64_t body;
};

/// A slot whose every word depends on `number`.
template <class Slot>
Slot make_slot(std::uint64_t number) {
    std::array<std::uint64_t, sizeof(Slot) / 8> words;
    for (std::size_t i = 0; i < words.size(); ++i)
        words[i] = number * 0x9e3779b97f4a7c15ULL + i;
    words[0] = number;
    return std::bit_cast<Slot>(words);
}
template <class Slot>
bool is_slot(const Slot& slot, std::uint64_t number) {
    const Slot expected = make_slot<Slot>(number);
    return std::memcmp(&slot, &expected, sizeof slot) == 0;
}

/// Page-aligned zeroed memory, both queues of which begin at index `start`.
class Ring_memory {
  public:
    explicit Ring_memory(unsigned pages = 1, std::uint32_t features = 0, std::uint32_t start = 0)
        : pages_(pages), start_(start),
          memory_(static_cast<std::byte*>(std::aligned_alloc(4096, pages * 4096)), &std::free),
          region_(ring::Region::create(bytes(), features).value()) {
        for (xvm_ring_word* word : {&page().req_prod, &page().req_cons, &page().rsp_prod, &page().rsp_cons})
            word->value = start;
    }
    std::span<std::byte> bytes() { return {memory_.get(), pages_ * 4096}; }
    xvm_ring& page() { return *reinterpret_cast<xvm_ring*>(memory_.get()); }
    const ring::Region& region() const { return region_; }
    std::uint32_t start() const { return start_; }
    unsigned pages() const { return pages_; }

  private:
    unsigned pages_;
    std::uint32_t start_;
    std::unique_ptr<std::byte, void (*)(void*)> memory_;
    ring::Region region_;
};

struct Requests {
    using Slot = Req;
    static auto queue(const ring::Region& region) { return region.requests<Req>(); }
    static xvm_ring_end& end(xvm_ring_front& front) { return front.req; }
    static xvm_ring_word& prod(xvm_ring& page) { return page.req_prod; }
    static xvm_ring_word& cons(xvm_ring& page) { return page.req_cons; }
    static xvm_ring_word& flag(xvm_ring& page) { return page.req_flag; }
};
struct Responses {
    using Slot = Rsp;
    static auto queue(const ring::Region& region) { return region.responses<Rsp>(); }
    static xvm_ring_end& end(xvm_ring_front& front) { return front.rsp; }
    static xvm_ring_word& prod(xvm_ring& page) { return page.rsp_prod; }
    static xvm_ring_word& cons(xvm_ring& page) { return page.rsp_cons; }
    static xvm_ring_word& flag(xvm_ring& page) { return page.rsp_flag; }
};

/// The C++ implementation.
struct Cpp {
    template <class Direction>
    struct Producer : ring::Producer<typename Direction::Slot> {
        explicit Producer(Ring_memory& memory)
            : ring::Producer<typename Direction::Slot>(Direction::queue(memory.region()), memory.start()) {}
        xvm_ring_stats stats() const {
            xvm_ring_stats stats{};
            this->count(stats);
            return stats;
        }
    };
    template <class Direction>
    struct Consumer : ring::Consumer<typename Direction::Slot> {
        explicit Consumer(Ring_memory& memory)
            : ring::Consumer<typename Direction::Slot>(Direction::queue(memory.region()), memory.start()) {}
        xvm_ring_stats stats() const {
            xvm_ring_stats stats{};
            this->count(stats);
            return stats;
        }
    };
};

/// The C implementation that the kernel modules are built from.
struct C {
    template <class Direction>
    class End {
      public:
        explicit End(Ring_memory& memory) {
            xvm_ring_front_init(&front_, &memory.page(), memory.pages(), memory.region().features(),
                                memory.start());
        }
        bool broken() const { return const_cast<End*>(this)->end().broken; }
        const xvm_ring_stats& stats() const { return front_.stats; }

      protected:
        xvm_ring_end& end() { return Direction::end(front_); }
        xvm_ring_front front_{};
    };
    template <class Direction>
    struct Producer : End<Direction> {
        using End<Direction>::End;
        std::uint32_t room() { return xvm_ring_room(&this->end()); }
        void push(const typename Direction::Slot& slot) { xvm_ring_push(&this->end(), &slot); }
        bool publish() { return xvm_ring_publish(&this->end(), &this->front_.stats); }
    };
    template <class Direction>
    struct Consumer : End<Direction> {
        using End<Direction>::End;
        void begin_wake() { xvm_ring_begin_wake(&this->end(), &this->front_.stats); }
        ring::Take take(typename Direction::Slot& out) {
            switch (xvm_ring_take(&this->end(), &out, &this->front_.stats)) {
            case XVM_RING_TAKEN:
                return ring::Take::taken;
            case XVM_RING_EMPTY:
                return ring::Take::empty;
            case XVM_RING_BROKEN:
                break;
            }
            return ring::Take::broken;
        }
        void release() { xvm_ring_release(&this->end()); }
        ring::Arm arm() {
            return xvm_ring_arm(&this->end(), &this->front_.stats) == XVM_RING_WORK ? ring::Arm::work
                                                                                    : ring::Arm::sleep;
        }
    };
};

/// The C++ and the C front end under one interface.
using Cpp_front = ring::Client<Req, Rsp>;

class C_front {
  public:
    explicit C_front(const ring::Region& region, xvm_ring& page, std::uint32_t start = 0) {
        xvm_ring_front_init(&front_, &page, region.nslots() / XVM_RING_NSLOTS(1), region.features(), start);
    }
    std::uint32_t room() { return xvm_ring_front_room(&front_); }
    void push(const Req& request) { xvm_ring_front_push(&front_, &request); }
    bool publish() { return xvm_ring_front_publish(&front_); }
    void begin_wake() { xvm_ring_front_begin_wake(&front_); }
    ring::Take take(Rsp& response) {
        switch (xvm_ring_front_take(&front_, &response)) {
        case XVM_RING_TAKEN:
            return ring::Take::taken;
        case XVM_RING_EMPTY:
            return ring::Take::empty;
        case XVM_RING_BROKEN:
            break;
        }
        return ring::Take::broken;
    }
    void release() { xvm_ring_front_release(&front_); }
    ring::Arm arm() {
        return xvm_ring_front_arm(&front_) == XVM_RING_WORK ? ring::Arm::work : ring::Arm::sleep;
    }
    bool broken() const { return xvm_ring_front_broken(&front_); }
    std::uint32_t unanswered() const { return front_.unanswered; }
    xvm_ring_stats counters() const { return front_.stats; }

  private:
    xvm_ring_front front_{};
};

} // namespace xvm::test
