// SPDX-License-Identifier: Apache-2.0
#include "backends/block/profile.hpp"

#include "libvmshare/timer/reader.h"

#include <algorithm>
#include <bit>

namespace xvm::block {

void Histogram::add(std::uint64_t ns) noexcept {
    ++counts[std::min<unsigned>(static_cast<unsigned>(std::bit_width(ns)), buckets_max - 1)];
    ++count;
    sum_ns += ns;
    max_ns = std::max(max_ns, ns);
}

std::uint64_t handed_over(const Stamps& stamps) noexcept {
    const bool by_event = stamps.event != 0 && stamps.event >= stamps.submitted &&
                          (stamps.event ^ stamps.taken) < XVM_TIME_STAMP_NS;
    return by_event ? stamps.event : stamps.taken;
}

void Profile::add(const Stamps& stamps, std::uint64_t of_a_tick) noexcept {
    const std::uint64_t handed = handed_over(stamps);
    const bool future =
        (stamps.submitted ^ stamps.taken) < XVM_TIME_STAMP_NS && stamps.submitted > stamps.taken;
    const std::uint64_t submitted = future ? stamps.taken : stamps.submitted;
    std::uint64_t before = 0, waited = 0, served = 0, all = 0;
    if (!xvm_time_elapsed(submitted, handed, of_a_tick, &before) ||
        !xvm_time_elapsed(handed, stamps.taken, of_a_tick, &waited) ||
        !xvm_time_elapsed(stamps.taken, stamps.answered, of_a_tick, &served) ||
        !xvm_time_elapsed(submitted, stamps.answered, of_a_tick, &all)) {
        ++unstamped;
        return;
    }
    if (handed == stamps.event)
        wake.add(before);
    else
        waited += before;
    queue.add(waited);
    service.add(served);
    whole.add(all);
    precise = (stamps.answered & XVM_TIME_STAMP_NS) != 0;
    tick_ns = of_a_tick;
}

} // namespace xvm::block
