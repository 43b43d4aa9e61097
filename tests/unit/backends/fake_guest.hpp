// SPDX-License-Identifier: Apache-2.0
// A guest in one process: pages with grant references, a ring, and the front end's view of it. Grant
// references are 1 + the page's number; what was not granted is refused as Xen refuses it.
#pragma once

#include "libvmshare/abi/block.h"
#include "libvmshare/port/grants.hpp"
#include "libvmshare/ring/client.hpp"

#include <cstring>
#include <functional>
#include <span>
#include <vector>

namespace xvm::test {

class Fake_guest final : public port::Grants {
  public:
    using Client = ring::Client<xvm_blk_request, xvm_blk_response>;

    explicit Fake_guest(std::size_t pages, std::size_t ring_pages = 1,
                        std::uint32_t features = XVM_RING_F_ALL)
        : memory_(pages * port::page_bytes), granted_(pages, true), writable_(pages, true),
          ring_(ring_pages * port::page_bytes / 8), front_(*ring::Region::create(ring_bytes(), features)),
          client_(front_) {}

    [[nodiscard]] std::span<std::byte> page(std::size_t n) {
        return std::span(memory_).subspan(n * port::page_bytes, port::page_bytes);
    }
    [[nodiscard]] static std::uint32_t gref(std::size_t page) { return static_cast<std::uint32_t>(page + 1); }
    void revoke(std::size_t page) { granted_[page] = false; }
    void make_read_only(std::size_t page) { writable_[page] = false; }
    [[nodiscard]] ring::Region back_region() { return *ring::Region::attach(ring_bytes(), XVM_RING_F_ALL); }
    [[nodiscard]] std::span<std::byte> ring_bytes() { return std::as_writable_bytes(std::span(ring_)); }
    [[nodiscard]] Client& client() { return client_; }

    /// Called at the start of each copy(): what a guest does while the device works.
    std::function<void()> on_copy;

    /// Every call of copy() fails from now on.
    void break_copy() { broken_ = true; }
    [[nodiscard]] unsigned copies() const { return copies_; }

    Result<port::Grant_map> map(Domid, std::span<const Gref>, port::Access) override {
        return fail(Fault::failed, "fake guest", "maps nothing");
    }
    Status copy(Domid, std::span<port::Grant_copy> elements) override {
        ++copies_;
        if (on_copy) on_copy();
        if (broken_) return fail(Fault::failed, "fake guest", "copy broken by the test");
        for (port::Grant_copy& e : elements) {
            const std::size_t at = number(e.gref) - std::size_t{1};
            e.ok = number(e.gref) != 0 && at < granted_.size() && granted_[at] &&
                   std::size_t{e.offset} + e.length <= port::page_bytes &&
                   (e.direction == port::Direction::from_guest || writable_[at]);
            if (!e.ok) continue;
            std::byte* there = page(at).data() + e.offset;
            if (e.direction == port::Direction::from_guest)
                std::memcpy(e.local, there, e.length);
            else
                std::memcpy(there, e.local, e.length);
        }
        return {};
    }

  private:
    std::vector<std::byte> memory_;
    std::vector<bool> granted_;
    std::vector<bool> writable_;
    std::vector<std::uint64_t> ring_; // words: the ring's alignment
    ring::Region front_;
    Client client_;
    bool broken_ = false;
    unsigned copies_ = 0;
};

} // namespace xvm::test
