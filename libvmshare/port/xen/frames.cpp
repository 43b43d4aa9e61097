// SPDX-License-Identifier: Apache-2.0
// Memory by its place in a PVH guest: kept, filled, cleared, released.
#include "libvmshare/port/boot_check.hpp"
#include "libvmshare/port/grants.hpp"
#include "libvmshare/port/xen/memory_map.hpp"
#include "libvmshare/port/xen/xen_domains.hpp"

extern "C" {
#include <xenforeignmemory.h>
}

#include <algorithm>
#include <emmintrin.h>
#include <sys/mman.h>

namespace xvm::port::xen {
namespace {

/// Hypercalls take lists of this length: long enough to cost little each, short enough to let others in.
constexpr std::uint64_t batch = 2048;
constexpr unsigned large_order = 9; // 2 MiB
constexpr std::uint64_t large_pages = 1ULL << large_order;

struct Foreign_end {
    void operator()(xenforeignmemory_handle* handle) const noexcept { xenforeignmemory_close(handle); }
};

std::vector<xen_pfn_t> numbers(std::uint64_t first, std::uint64_t count, std::uint64_t step = 1) {
    std::vector<xen_pfn_t> frames(count);
    for (std::uint64_t i = 0; i < count; ++i)
        frames[i] = first + i * step;
    return frames;
}

/// Past the caches: nobody reads it soon, and it is much. `page` is the start of one.
void clear_page(char* page) {
    const __m128i zero = _mm_setzero_si128();
    constexpr std::size_t line = 64;
    for (std::size_t at = 0; at < page_bytes; at += line) {
        auto* const to = reinterpret_cast<__m128i*>(page + at);
        _mm_stream_si128(to, zero);
        _mm_stream_si128(to + 1, zero);
        _mm_stream_si128(to + 2, zero);
        _mm_stream_si128(to + 3, zero);
    }
}

/// How many of the extents were filled, from the first on.
std::uint64_t populate(xc_interface* xc, Domid domid, std::uint64_t first, std::uint64_t count,
                       unsigned order) {
    std::vector<xen_pfn_t> frames = numbers(first, count, 1ULL << order);
    const int done = xc_domain_populate_physmap(xc, raw(domid), count, order, 0, frames.data());
    return done < 0 ? 0 : static_cast<std::uint64_t>(done);
}

} // namespace

Status Xen_domains::claim_memory(Domid domid, std::uint64_t bytes) {
    XVM_TRY(alive(domid));
    if (xc_domain_claim_pages(xc(), raw(domid), bytes / page_bytes) == 0) return {};
    const int error_number = errno;
    auto failure = fail_call(libxc_, error_number, domid, "cannot have memory kept for it");
    // Xen answers EINVAL where the limit is in the way.
    if (error_number == ENOMEM || error_number == EINVAL) failure.value().fault = Fault::exhausted;
    return failure;
}

Status Xen_domains::fill_frames(Domid domid, const Frames& frames) {
    XVM_TRY(alive(domid));
    const std::uint64_t end = frames.first + frames.count;
    for (std::uint64_t at = frames.first; at < end;) {
        // Large pages where they are to be had: they are faster to make and to use.
        if (at % large_pages == 0 && end - at >= large_pages &&
            populate(xc(), domid, at, 1, large_order) == 1) {
            at += large_pages;
            continue;
        }
        const std::uint64_t count = std::min(end - at, large_pages - at % large_pages);
        const std::uint64_t done = populate(xc(), domid, at, count, 0);
        at += done;
        if (done == count) continue;
        static_cast<void>(release_frames(domid, {frames.first, at - frames.first}));
        XVM_TRY_LET(const Host_info now, host());
        return tl::unexpected(not_enough_memory(domid, frames.count * page_bytes, now.free_bytes));
    }
    return {};
}

Status Xen_domains::clear_frames(Domid domid, const Frames& frames) {
    XVM_TRY(alive(domid));
    const std::unique_ptr<xenforeignmemory_handle, Foreign_end> foreign(xenforeignmemory_open(nullptr, 0));
    if (!foreign) return refused(domid, "cannot have its memory cleared");
    std::vector<int> errors(batch);
    for (std::uint64_t at = frames.first, end = at + frames.count; at < end;) {
        const std::uint64_t count = std::min(batch, end - at);
        const std::vector<xen_pfn_t> list = numbers(at, count);
        void* const mapped = xenforeignmemory_map(foreign.get(), raw(domid), PROT_READ | PROT_WRITE, count,
                                                  list.data(), errors.data());
        // Null only when nothing at all could be done; a frame without memory is an error of its own.
        if (mapped == nullptr) return refused(domid, "cannot have its memory cleared");
        auto* const bytes = static_cast<char*>(mapped);
        for (std::uint64_t i = 0; i < count; ++i)
            if (errors[i] == 0) clear_page(bytes + i * page_bytes);
        _mm_sfence();
        xenforeignmemory_unmap(foreign.get(), mapped, count);
        at += count;
    }
    return {};
}

Status Xen_domains::release_frames(Domid domid, const Frames& frames) {
    XVM_TRY(alive(domid));
    for (std::uint64_t at = frames.first, end = at + frames.count; at < end;) {
        std::vector<xen_pfn_t> list = numbers(at, std::min(batch, end - at));
        const int done = xc_domain_decrease_reservation(xc(), raw(domid), list.size(), 0, list.data());
        if (done < 0) return refused(domid, "cannot be relieved of its memory");
        at += static_cast<std::uint64_t>(done);
        // Xen stops at a frame that has none.
        if (static_cast<std::size_t>(done) < list.size()) ++at;
    }
    return {};
}

} // namespace xvm::port::xen
