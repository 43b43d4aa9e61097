// SPDX-License-Identifier: Apache-2.0
// An owner disrupts its clock again and again, eight processes read: whoever sees the tick of the write that
// brought a disruption, or a later one, finds the disruption in the page. So it reaches every reader within
// one tick, however the machine shares out its processors.
//
//     timer-disrupt [--tick-first]      the twin writes the tick before the rest, and must be caught
//
// Prints what was seen as JSON; exit code 0 if no reader saw a tick without its disruption (the twin: if one
// did).
#include "libvmshare/timer/reader.h"
#include "libvmshare/timer/writer.h"

#include <atomic>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr unsigned readers = 8, disruptions = 200, ticks_between = 5;
constexpr useconds_t tick_us = 1000;

struct Shared {
    alignas(4096) xvm_time_page page;
    std::atomic<std::uint64_t> brought[disruptions + 2]; ///< generation → the tick that brings it; 0: not yet
    std::atomic<bool> over;
    std::atomic<std::uint64_t> reads, late, seen;
};

void own(Shared& shared, bool tick_first) {
    xvm_time_writer w;
    xvm_time_writer_init(&w, &shared.page, XVM_TIME_OWNER_USER, 1000, 7, 0);
    xvm_time_ref ref{};
    for (ref.tick = 1; shared.page.line.generation < disruptions; ++ref.tick) {
        ref.ns = ref.tick * 1'000'000;
        if (ref.tick % ticks_between == 0) {
            ref.utc_offset_ns += 3'600'000'000'000; // somebody sets the clock
            shared.brought[shared.page.line.generation + 1] = ref.tick;
        }
        if (tick_first) {
            __atomic_store_n(&shared.page.tick.value, ref.tick, __ATOMIC_SEQ_CST);
            ::usleep(tick_us / 2);
        }
        xvm_time_writer_begin(&w);
        xvm_time_writer_update(&w, &ref);
        ::usleep(tick_us);
    }
    shared.over = true;
}

void read(Shared& shared) {
    std::uint64_t reads = 0, late = 0, seen = 0, before = 0;
    while (!shared.over) {
        ++reads;
        const std::uint64_t tick = XVM_TIME_LOAD(shared.page.tick.value);
        XVM_TIME_FENCE_READ();
        const std::uint64_t generation = XVM_TIME_LOAD(shared.page.line.generation);
        seen += generation - before;
        before = generation;
        const std::uint64_t next = shared.brought[generation + 1];
        late += next != 0 && tick >= next;
        if (reads % 64 == 0) ::usleep(50); // eight have to share the processors
    }
    shared.reads += reads;
    shared.late += late;
    shared.seen += seen;
}

} // namespace

int main(int argc, char** argv) {
    const bool tick_first = argc == 2 && std::string_view(argv[1]) == "--tick-first";
    if (argc != 1 && !tick_first) return std::fprintf(stderr, "usage: timer-disrupt [--tick-first]\n"), 2;
    void* at = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) return std::perror("mmap"), 1;
    auto& shared = *static_cast<Shared*>(at);
    for (unsigned i = 0; i < readers; ++i)
        if (::fork() == 0) read(shared), ::_exit(0);
    own(shared, tick_first);
    while (::wait(nullptr) > 0)
        ;
    std::printf("{\"readers\": %u, \"disruptions\": %u, \"reads\": %" PRIu64 ", \"seen\": %" PRIu64
                ", \"late\": %" PRIu64 "}\n",
                readers, disruptions, shared.reads.load(), shared.seen.load(), shared.late.load());
    const bool sound = shared.late == 0 && shared.seen > readers * disruptions / 2;
    return sound != tick_first ? 0 : 1;
}
