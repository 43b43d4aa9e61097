// SPDX-License-Identifier: Apache-2.0
// One hostile guest against one device, played from bytes: it writes slots, indices, flags, tables of
// segments and takes grants back, between the device's runs and in the middle of them (whenever the device
// copies). Any bytes are a game. What must hold is asserted here; what must not happen, sanitizers see.
#pragma once

#include "backends/block/device.hpp"
#include "libvmshare/base/assert.hpp"
#include "tests/unit/backends/fake_guest.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>

namespace xvm::test {

class Block_game {
  public:
    Block_game(std::span<const std::uint8_t> moves, const block::Image& image)
        : moves_(moves), guest_(pages),
          device_(guest_.back_region(), guest_, Domid{1}, image, take() % 4 == 0),
          ring_(reinterpret_cast<xvm_ring*>(guest_.ring_bytes().data())) {
        guest_.on_copy = [this] {
            if (take() % 2 == 0) move();
        };
    }

    void play() {
        while (!moves_.empty())
            move();
        run_device();
        const xvm_ring_stats stats = device_.ring_counters();
        // Nothing is answered that was not taken; all that was taken is answered.
        XVM_ASSERT(stats.inserts <= stats.takes);
        if (!device_.broken()) XVM_ASSERT(stats.inserts == stats.takes);
    }
    [[nodiscard]] const block::Counters& counters() const { return device_.counters(); }
    [[nodiscard]] bool broken() const { return device_.broken(); }

  private:
    static constexpr std::size_t pages = 12;
    static constexpr std::uint32_t slots = 32;

    std::uint8_t take() {
        if (moves_.empty()) return 0;
        const std::uint8_t byte = moves_.front();
        moves_ = moves_.subspan(1);
        return byte;
    }
    template <class T>
    T take_raw() {
        T value{};
        const std::size_t bytes = std::min(sizeof value, moves_.size());
        std::memcpy(&value, moves_.data(), bytes);
        moves_ = moves_.subspan(bytes);
        return value;
    }
    xvm_blk_request& slot() { return reinterpret_cast<xvm_blk_request*>(ring_ + 1)[take() % slots]; }
    xvm_blk_segment segment() { // mostly right
        const unsigned first = take() % 8;
        const unsigned last = take() % 16 == 0 ? take() : first + take() % (8 - first);
        return {static_cast<std::uint32_t>(take() % (pages + 2)), static_cast<std::uint8_t>(first),
                static_cast<std::uint8_t>(last), 0};
    }
    /// Puts the request at the next slot to be published, mostly.
    void put(const xvm_blk_request& request) {
        if (take() % 8 == 0) {
            slot() = request;
        } else {
            reinterpret_cast<xvm_blk_request*>(ring_ + 1)[ring_->req_prod.value % slots] = request;
            ++ring_->req_prod.value;
        }
    }

    void move() {
        switch (take() % 12) {
        case 0:
            slot() = take_raw<xvm_blk_request>();
            break;
        case 1:
        case 2: { // almost right
            xvm_blk_request r{};
            r.op = take() % 3;
            r.sector = take();
            r.nr_segments = r.op == XVM_BLK_FLUSH ? 0 : 1 + take() % 4;
            for (unsigned i = 0; i < r.nr_segments; ++i)
                r.segments[i] = segment();
            put(r);
            break;
        }
        case 3: { // by a table
            xvm_blk_request r{};
            r.op = take() % 2;
            r.flags = XVM_BLK_INDIRECT;
            r.nr_segments = static_cast<std::uint16_t>(take() + take());
            r.sector = take();
            r.segments[0].gref = static_cast<std::uint32_t>(take() % (pages + 2));
            put(r);
            break;
        }
        case 4: {
            auto* table = reinterpret_cast<xvm_blk_segment*>(guest_.page(take() % pages).data());
            const xvm_blk_segment pattern = segment();
            std::fill_n(table, 1 + take() * 2, pattern);
            break;
        }
        case 5:
            ring_->req_prod.value += take() % 3;
            break;
        case 6:
            if (take() % 16 == 0) ring_->req_prod.value = take_raw<std::uint32_t>();
            break;
        case 7:
            ring_->rsp_cons.value = take() % 16 ? ring_->rsp_prod.value : take_raw<std::uint32_t>();
            break;
        case 8:
            (take() % 2 ? ring_->req_flag : ring_->rsp_flag).value = take_raw<std::uint32_t>();
            break;
        case 9:
            take() % 2 ? guest_.revoke(take() % pages) : guest_.make_read_only(take() % pages);
            break;
        default:
            run_device();
        }
    }

    void run_device() {
        if (running_) return; // a move in the middle of a run
        running_ = true;
        device_.begin_wake();
        for (unsigned runs = 0; runs < 64; ++runs) {
            const bool worked = device_.run().worked;
            if (!worked && (device_.broken() || device_.arm() == ring::Arm::sleep)) break;
        }
        running_ = false;
    }

    std::span<const std::uint8_t> moves_;
    Fake_guest guest_;
    block::Device device_;
    xvm_ring* ring_;
    bool running_ = false;
};

} // namespace xvm::test
