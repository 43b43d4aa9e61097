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

std::optional<Phases> phases_of(const Stamps& stamps, std::uint64_t tick_ns) noexcept {
    const std::uint64_t handed = handed_over(stamps);
    const bool future =
        (stamps.submitted ^ stamps.taken) < XVM_TIME_STAMP_NS && stamps.submitted > stamps.taken;
    const std::uint64_t submitted = future ? stamps.taken : stamps.submitted;
    std::uint64_t before = 0;
    Phases p;
    if (!xvm_time_elapsed(submitted, handed, tick_ns, &before) ||
        !xvm_time_elapsed(handed, stamps.taken, tick_ns, &p.queue) ||
        !xvm_time_elapsed(stamps.taken, stamps.answered, tick_ns, &p.service) ||
        !xvm_time_elapsed(submitted, stamps.answered, tick_ns, &p.whole))
        return std::nullopt;
    if (handed == stamps.event)
        p.wake = before;
    else
        p.queue += before;
    p.precise = (stamps.answered & XVM_TIME_STAMP_NS) != 0;
    const auto ns = [&](std::uint64_t stamp) {
        return p.precise ? stamp & ~XVM_TIME_STAMP_NS : stamp * tick_ns;
    };
    p.submitted = ns(submitted);
    p.handed_over = ns(handed);
    p.taken = ns(stamps.taken);
    p.answered = ns(stamps.answered);
    return p;
}

void Profile::add(const Stamps& stamps, std::uint64_t of_a_tick) noexcept {
    const std::optional<Phases> phases = phases_of(stamps, of_a_tick);
    if (!phases) {
        ++unstamped;
        return;
    }
    if (phases->wake) wake.add(*phases->wake);
    queue.add(phases->queue);
    service.add(phases->service);
    whole.add(phases->whole);
    precise = phases->precise;
    tick_ns = of_a_tick;
}

} // namespace xvm::block
