// SPDX-License-Identifier: Apache-2.0
// Memory by its place in a guest. What is not filled here was built, and has no place.
#include "libvmshare/port/boot_check.hpp"
#include "libvmshare/port/grants.hpp"
#include "libvmshare/port/hosted/domains.hpp"

#include <algorithm>
#include <iterator>

namespace xvm::port::hosted {

Status Domain_ledger::claim_memory(Domid domid, std::uint64_t bytes) {
    XVM_TRY_LET(Record* const record, alive(domid));
    const std::uint64_t free_now = free_bytes() + record->kept_bytes();
    if (bytes > record->info.memory_bytes) {
        const std::uint64_t more = bytes - record->info.memory_bytes;
        if (bytes > record->info.memory_max_bytes || more > free_now)
            return tl::unexpected(not_enough_memory(domid, more, free_now));
    }
    record->claim_bytes = bytes;
    return {};
}

Status Domain_ledger::fill_frames(Domid domid, const Frames& frames) {
    XVM_TRY_LET(Record* const record, alive(domid));
    const std::uint64_t bytes = frames.count * page_bytes;
    const std::uint64_t free_now = free_bytes() + record->kept_bytes();
    if (filled(domid, frames) != 0) return fail(Fault::busy, domain_text(domid), "has memory there already");
    if (bytes > free_now || record->info.memory_bytes + bytes > record->info.memory_max_bytes)
        return tl::unexpected(not_enough_memory(domid, bytes, free_now));
    for (std::uint64_t i = 0; i < frames.count; ++i)
        record->frames[frames.first + i] = true; // somebody else's, as far as anybody knows
    record->info.memory_bytes += bytes;
    if (record->info.memory_bytes >= record->claim_bytes) record->claim_bytes = 0;
    return {};
}

Status Domain_ledger::clear_frames(Domid domid, const Frames& frames) {
    XVM_TRY_LET(Record* const record, alive(domid));
    const auto end = record->frames.lower_bound(frames.first + frames.count);
    for (auto at = record->frames.lower_bound(frames.first); at != end; ++at)
        at->second = false;
    return {};
}

Status Domain_ledger::release_frames(Domid domid, const Frames& frames) {
    XVM_TRY_LET(Record* const record, alive(domid));
    leaked_pages_ += soiled(domid, frames);
    record->info.memory_bytes -= filled(domid, frames) * page_bytes;
    record->frames.erase(record->frames.lower_bound(frames.first),
                         record->frames.lower_bound(frames.first + frames.count));
    return {};
}

void Domain_ledger::soil(Domid domid, const Frames& frames) {
    auto& all = records_.at(domid).frames;
    const auto end = all.lower_bound(frames.first + frames.count);
    for (auto at = all.lower_bound(frames.first); at != end; ++at)
        at->second = true;
}

std::uint64_t Domain_ledger::filled(Domid domid, const Frames& frames) const {
    const auto& all = records_.at(domid).frames;
    return static_cast<std::uint64_t>(
        std::distance(all.lower_bound(frames.first), all.lower_bound(frames.first + frames.count)));
}

std::uint64_t Domain_ledger::soiled(Domid domid, const Frames& frames) const {
    const auto& all = records_.at(domid).frames;
    return static_cast<std::uint64_t>(std::count_if(all.lower_bound(frames.first),
                                                    all.lower_bound(frames.first + frames.count),
                                                    [](const auto& frame) { return frame.second; }));
}

std::uint64_t Domain_ledger::claimed_bytes(Domid domid) const {
    return records_.at(domid).kept_bytes();
}

} // namespace xvm::port::hosted
