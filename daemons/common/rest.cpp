// SPDX-License-Identifier: Apache-2.0
#include "daemons/common/rest.hpp"

#include <algorithm>
#include <cstdint>
#include <link.h>
#include <malloc.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

namespace xvm::daemon {
namespace {

struct Pages {
    std::uintptr_t begin;
    std::uintptr_t end;
};

/// All pages that the segment has a part in.
Pages pages_of(const dl_phdr_info& object, const ElfW(Phdr) & segment) {
    const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    const std::uintptr_t begin = object.dlpi_addr + segment.p_vaddr;
    return {begin & ~(page - 1), (begin + segment.p_memsz + page - 1) & ~(page - 1)};
}

/// Segments that may never be written, less the pages that one which may be has a part in: the loader wrote
/// addresses there, also where it forbade writing afterwards.
int give_back_object(dl_phdr_info* object, std::size_t, void*) {
    if (object->dlpi_addr == ::getauxval(AT_SYSINFO_EHDR)) return 0; // the kernel's, and no file
    const auto* const first = object->dlpi_phdr;
    const auto* const last = first + object->dlpi_phnum;
    for (const auto* kept = first; kept != last; ++kept) {
        if (kept->p_type != PT_LOAD || (kept->p_flags & PF_W) != 0) continue;
        Pages pages = pages_of(*object, *kept);
        for (const auto* other = first; other != last; ++other) {
            if (other->p_type != PT_LOAD || (other->p_flags & PF_W) == 0) continue;
            const Pages written = pages_of(*object, *other);
            if (written.end <= pages.begin || pages.end <= written.begin) continue;
            // They touch in one page: segments do not overlap.
            if (written.begin <= pages.begin)
                pages.begin = std::min(written.end, pages.end);
            else
                pages.end = written.begin;
        }
        if (pages.begin < pages.end)
            ::madvise(reinterpret_cast<void*>(pages.begin), pages.end - pages.begin, MADV_DONTNEED);
    }
    return 0;
}

} // namespace

void keep_one_heap() noexcept {
    ::mallopt(M_ARENA_MAX, 1);
}

void give_back_memory() noexcept {
    ::malloc_trim(0);
    ::dl_iterate_phdr(give_back_object, nullptr);
}

void Rest::run() {
    wait(); // the start was something to do, too
    while (context_.run_one() != 0) {
        if (std::exchange(was_own_, false)) continue;
        was_active_ = true;
        if (!is_armed_) wait();
    }
}

void Rest::wait() {
    is_armed_ = true;
    was_active_ = false;
    timer_.expires_after(quiet_);
    timer_.async_wait([this](const boost::system::error_code& error) {
        was_own_ = true;
        is_armed_ = false;
        if (error) return;
        if (was_active_)
            wait();
        else
            give_back_memory();
    });
}

} // namespace xvm::daemon
