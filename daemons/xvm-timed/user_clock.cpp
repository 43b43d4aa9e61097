// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvm-timed/user_clock.hpp"

#include "libvmshare/base/file.hpp"
#include "libvmshare/timer/reader.h"

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <sys/timex.h>

namespace xvm::timed {
namespace {

std::uint64_t now(clockid_t clock) {
    timespec t{};
    ::clock_gettime(clock, &t);
    return static_cast<std::uint64_t>(t.tv_sec) * XVM_TIME_NS_PER_S + static_cast<std::uint64_t>(t.tv_nsec);
}

} // namespace

std::uint32_t tick_hz() {
    timespec resolution{};
    ::clock_getres(CLOCK_MONOTONIC_COARSE, &resolution);
    const auto ns =
        resolution.tv_sec == 0 ? std::clamp(resolution.tv_nsec, 100'000L, 1'000'000'000L) : 1'000'000'000L;
    return static_cast<std::uint32_t>(1'000'000'000L / ns);
}

std::optional<std::uint64_t> counter_hz() {
    const auto text = read_text("/proc/cpuinfo", 1 << 20);
    if (!text || text->find(" constant_tsc") == std::string::npos ||
        text->find(" nonstop_tsc") == std::string::npos)
        return std::nullopt;
    constexpr std::uint64_t over_ns = 20'000'000;
    const std::uint64_t ns = now(CLOCK_MONOTONIC), counter = xvm_time_rdtsc_ordered();
    while (now(CLOCK_MONOTONIC) - ns < over_ns)
        ;
    const std::uint64_t counts = xvm_time_rdtsc_ordered() - counter;
    return xvm_time_mul_div(counts, XVM_TIME_NS_PER_S, now(CLOCK_MONOTONIC) - ns);
}

xvm_time_ref User_clock::read() {
    constexpr int tries = 4;
    constexpr std::uint64_t near_ns = 2'000;
    xvm_time_ref best{};
    best.error_ns = ~0ULL;
    for (int i = 0; i < tries && best.error_ns > near_ns; ++i) {
        const std::uint64_t before = now(CLOCK_MONOTONIC);
        const std::uint64_t counter = with_counter_ ? xvm_time_rdtsc_ordered() : 0;
        const std::uint64_t real = now(CLOCK_REALTIME);
        const std::uint64_t after = now(CLOCK_MONOTONIC);
        if (after - before >= best.error_ns) continue;
        best.error_ns = after - before;
        best.ns = before + (after - before) / 2;
        best.counter = counter;
        best.utc_offset_ns = static_cast<std::int64_t>(real - best.ns);
    }
    // Two clocks read one after the other: only what exceeds the window is a change.
    const std::int64_t change = best.utc_offset_ns - utc_offset_ns_;
    if (std::llabs(change) <= static_cast<std::int64_t>(best.error_ns) + 1000)
        best.utc_offset_ns = utc_offset_ns_;
    utc_offset_ns_ = best.utc_offset_ns;
    best.tick = now(CLOCK_MONOTONIC_COARSE) / (XVM_TIME_NS_PER_S / hz_);
    best.counter_ok = with_counter_;
    timex state{};
    const int clock_state = ::adjtimex(&state);
    best.synchronised = clock_state >= 0 && (state.status & STA_UNSYNC) == 0;
    best.tai_offset_s = clock_state >= 0 ? state.tai : 0;
    return best;
}

} // namespace xvm::timed
