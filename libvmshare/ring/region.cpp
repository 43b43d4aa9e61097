// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/ring/region.hpp"

#include <algorithm>
#include <string>

namespace xvm::ring {
namespace {

constexpr std::uint32_t page_counts[] = {1, 2, 4, 8, 16};

/// The number of pages, or 0 if a ring has no such size.
std::uint32_t pages_of(std::size_t bytes) {
    for (const std::uint32_t pages : page_counts)
        if (bytes == std::size_t{pages} * XVM_RING_PAGE_BYTES) return pages;
    return 0;
}

auto refuse(std::string cause) {
    return fail(Fault::failed, "ring", std::move(cause), "the two ends must agree on libvmshare/abi/ring.h");
}

auto refuse_size(std::size_t bytes) {
    return refuse("a region of " + std::to_string(bytes) + " bytes is not 1, 2, 4, 8 or 16 pages");
}

template <class Number>
std::string unlike(const char* what, Number is, Number must) {
    return std::string(what) + " is " + std::to_string(is) + ", not " + std::to_string(must);
}

} // namespace

Result<Region> Region::create(std::span<std::byte> memory, std::uint32_t features, std::uint32_t generation) {
    const std::uint32_t pages = pages_of(memory.size());
    if (pages == 0) return refuse_size(memory.size());
    std::fill(memory.begin(), memory.end(), std::byte{0});
    auto* ring = reinterpret_cast<xvm_ring*>(memory.data());
    const xvm_ring_constants constants{XVM_RING_MAGIC,
                                       XVM_RING_ABI_MAJOR,
                                       XVM_RING_ABI_MINOR,
                                       XVM_RING_HEADER_BYTES,
                                       XVM_RING_REQ_BYTES,
                                       XVM_RING_RSP_BYTES,
                                       XVM_RING_NSLOTS(pages),
                                       features,
                                       generation,
                                       {}};
    ring->constants = constants; // never read back: the peer may have the pages from an earlier connection
    return Region(ring, constants);
}

Result<Region> Region::attach(std::span<std::byte> memory, std::uint32_t offered) {
    const std::uint32_t pages = pages_of(memory.size());
    if (pages == 0) return refuse_size(memory.size());
    auto* ring = reinterpret_cast<xvm_ring*>(memory.data());
    // The front end may write while we look: one copy, by words, and only the copy is judged.
    const auto copy =
        Shared_memory::load_slot<xvm_ring_constants>(reinterpret_cast<std::uint64_t*>(&ring->constants), 0);
    if (copy.magic != XVM_RING_MAGIC) return refuse("no magic XVMRING1 at its start");
    if (copy.abi_major != XVM_RING_ABI_MAJOR)
        return refuse(unlike("major version", unsigned{copy.abi_major}, unsigned{XVM_RING_ABI_MAJOR}));
    if (copy.header_bytes != XVM_RING_HEADER_BYTES)
        return refuse(unlike("header size", copy.header_bytes, XVM_RING_HEADER_BYTES));
    if (copy.req_slot_bytes != XVM_RING_REQ_BYTES)
        return refuse(unlike("request size", copy.req_slot_bytes, XVM_RING_REQ_BYTES));
    if (copy.rsp_slot_bytes != XVM_RING_RSP_BYTES)
        return refuse(unlike("response size", copy.rsp_slot_bytes, XVM_RING_RSP_BYTES));
    if (copy.nslots != XVM_RING_NSLOTS(pages))
        return refuse(unlike("number of slots", copy.nslots, XVM_RING_NSLOTS(pages)));
    if ((copy.features & ~offered) != 0)
        return refuse("features " + std::to_string(copy.features) + " go beyond the offered " +
                      std::to_string(offered));
    return Region(ring, copy);
}

void Region::show(xvm_ring_stats& shared, const xvm_ring_stats& stats) noexcept {
    Shared_memory::store_slot<xvm_ring_stats>(reinterpret_cast<std::uint64_t*>(&shared), 0, stats);
}

bool Region::at_rest() const noexcept {
    const auto zero = [](std::uint32_t& index) { return Shared_memory::load_acquire(index) == 0; };
    return zero(ring_->req_prod.value) && zero(ring_->req_cons.value) && zero(ring_->rsp_prod.value) &&
           zero(ring_->rsp_cons.value);
}

xvm_ring_stats Region::claimed_front() const noexcept {
    return Shared_memory::load_slot<xvm_ring_stats>(reinterpret_cast<std::uint64_t*>(&ring_->front_stats), 0);
}

} // namespace xvm::ring
