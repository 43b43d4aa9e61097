// SPDX-License-Identifier: Apache-2.0
#include "backends/block/profile.hpp"

#include "libvmshare/abi/timer.h"

#include <algorithm>
#include <bit>

namespace xvm::block {

namespace {

struct Times {
    std::uint64_t wake = 0, queue = 0, service = 0, whole = 0;
    bool by_event = false;
};

/// Nanoseconds from one stamp to a later one; none to one that is not later.
std::uint64_t apart(std::uint64_t from, std::uint64_t to, std::uint64_t unit_ns) noexcept {
    std::uint64_t ns = 0;
    return to <= from ? 0 : __builtin_mul_overflow(to - from, unit_ns, &ns) ? ~0ULL : ns;
}

/// What every request pays for. False: a stamp is missing, or they are not of one kind.
bool measure(const Stamps& s, std::uint64_t tick_ns, Times& t) noexcept {
    const std::uint64_t differ = (s.submitted ^ s.taken) | (s.answered ^ s.taken);
    if (s.submitted == 0 || s.taken == 0 || s.answered == 0 || differ >= XVM_TIME_STAMP_NS) return false;
    const std::uint64_t unit_ns = s.taken >= XVM_TIME_STAMP_NS ? 1 : tick_ns;
    const std::uint64_t submitted = std::min(s.submitted, s.taken), handed = handed_over(s);
    const std::uint64_t before = apart(submitted, handed, unit_ns);
    t.by_event = handed == s.event;
    t.queue = apart(handed, s.taken, unit_ns);
    (t.by_event ? t.wake : t.queue) += before;
    t.service = apart(s.taken, s.answered, unit_ns);
    t.whole = apart(submitted, s.answered, unit_ns);
    return true;
}

} // namespace

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
    Times t;
    if (!measure(stamps, tick_ns, t)) return std::nullopt;
    Phases p;
    p.precise = stamps.taken >= XVM_TIME_STAMP_NS;
    const auto ns = [&](std::uint64_t stamp) {
        return p.precise ? stamp & ~XVM_TIME_STAMP_NS : stamp * tick_ns;
    };
    p.submitted = ns(std::min(stamps.submitted, stamps.taken));
    p.handed_over = ns(handed_over(stamps));
    p.taken = ns(stamps.taken);
    p.answered = ns(stamps.answered);
    if (t.by_event) p.wake = t.wake;
    p.queue = t.queue;
    p.service = t.service;
    p.whole = t.whole;
    return p;
}

void Profile::add(const Stamps& stamps, std::uint64_t of_a_tick) noexcept {
    Times t;
    if (!measure(stamps, of_a_tick, t)) {
        ++unstamped;
        return;
    }
    if (t.by_event) wake.add(t.wake);
    queue.add(t.queue);
    service.add(t.service);
    whole.add(t.whole);
    precise = stamps.taken >= XVM_TIME_STAMP_NS;
    tick_ns = of_a_tick;
}

} // namespace xvm::block
