// SPDX-License-Identifier: Apache-2.0
// What reading the time costs: the timer page's ways beside the kernel's and the processor's, in one binary
// and in turns, so that whatever else the machine does strikes all alike. A process ticks the page meanwhile.
//
// Prints per way the median and the best of the rounds in ns, and the best's ratio to the best of the vDSO's
// CLOCK_MONOTONIC: what else a machine does only adds, and not to all alike.
#include "libvmshare/timer/reader.h"
#include "libvmshare/timer/writer.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

constexpr unsigned rounds = 41, reads = 100'000;

std::uint64_t clock_ns(clockid_t id) {
    timespec t{};
    ::clock_gettime(id, &t);
    return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(t.tv_nsec);
}

void own(xvm_time_page& page) {
    const std::uint64_t ns = clock_ns(CLOCK_MONOTONIC), counter = xvm_time_rdtsc_ordered();
    ::usleep(50'000);
    const std::uint64_t hz = xvm_time_mul_div(xvm_time_rdtsc_ordered() - counter, XVM_TIME_NS_PER_S,
                                              clock_ns(CLOCK_MONOTONIC) - ns);
    xvm_time_writer w;
    xvm_time_writer_init(&w, &page, XVM_TIME_OWNER_USER, 250, 1, hz);
    for (;; ::usleep(4000)) {
        xvm_time_writer_begin(&w);
        xvm_time_ref ref{};
        ref.counter_ok = true;
        ref.counter = xvm_time_rdtsc_ordered();
        ref.ns = clock_ns(CLOCK_MONOTONIC);
        ref.tick = ref.ns / 4'000'000;
        xvm_time_writer_update(&w, &ref);
    }
}

struct Way {
    const char* name;
    double (*run)(xvm_time_reader&); ///< ns per read
    std::vector<double> seen{};
};

template <class Read>
double measure(Read read) {
    using clock = std::chrono::steady_clock;
    const auto one = [&] {
        const std::uint64_t value = read();
        __asm__ volatile("" : : "r"(value)); // each value is wanted
    };
    const auto start = clock::now();
    // Four in a turn: what the loop takes, and how it lies in memory, is not the read's.
    for (unsigned i = 0; i < reads; i += 4)
        one(), one(), one(), one();
    return std::chrono::duration<double, std::nano>(clock::now() - start).count() / reads;
}

std::uint64_t rdtscp() {
    std::uint32_t low = 0, high = 0, processor = 0;
    __asm__ volatile("rdtscp" : "=a"(low), "=d"(high), "=c"(processor));
    return std::uint64_t{high} << 32 | low;
}

std::uint64_t or_die(xvm_time_status status, std::uint64_t value) {
    if (status != XVM_TIME_OK) std::fprintf(stderr, "timer-read: no time: status %d\n", status), std::exit(1);
    return value;
}

Way ways[] = {
    {"tick", [](xvm_time_reader& r) { return measure([&] { return xvm_time_read_tick(&r); }); }},
    {"now_coarse",
     [](xvm_time_reader& r) {
         return measure([&] {
             std::uint64_t ns = 0;
             return or_die(xvm_time_now_coarse(&r, &ns), ns);
         });
     }},
    {"now_fast",
     [](xvm_time_reader& r) {
         return measure([&] {
             std::uint64_t ns = 0;
             return or_die(xvm_time_now_fast(&r, &ns), ns);
         });
     }},
    {"now_ordered",
     [](xvm_time_reader& r) {
         return measure([&] {
             std::uint64_t ns = 0;
             return or_die(xvm_time_now_ordered(&r, &ns), ns);
         });
     }},
    {"now_with_error",
     [](xvm_time_reader& r) {
         return measure([&] {
             xvm_time_value value{};
             return or_die(xvm_time_now_with_error(&r, &value), value.ns);
         });
     }},
    {"rdtsc", [](xvm_time_reader&) { return measure([] { return xvm_time_rdtsc(); }); }},
    {"lfence rdtsc", [](xvm_time_reader&) { return measure([] { return xvm_time_rdtsc_ordered(); }); }},
    {"rdtscp", [](xvm_time_reader&) { return measure([] { return rdtscp(); }); }},
    {"vdso", [](xvm_time_reader&) { return measure([] { return clock_ns(CLOCK_MONOTONIC); }); }},
    {"vdso coarse",
     [](xvm_time_reader&) { return measure([] { return clock_ns(CLOCK_MONOTONIC_COARSE); }); }},
    {"syscall",
     [](xvm_time_reader&) {
         return measure([] {
             timespec t{};
             ::syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
             return static_cast<std::uint64_t>(t.tv_nsec);
         });
     }},
};

int run(bool json) {
    void* at =
        ::mmap(nullptr, XVM_TIME_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) return std::perror("mmap"), 1;
    auto* page = static_cast<xvm_time_page*>(at);
    const pid_t owner = ::fork();
    if (owner == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        own(*page);
    }
    xvm_time_reader r;
    while (xvm_time_open(&r, page, nullptr) != XVM_TIME_OK || page->tick.heartbeat < 3)
        ::usleep(1000);
    for (unsigned round = 0; round < rounds; ++round)
        for (Way& way : ways)
            way.seen.push_back(way.run(r));
    ::kill(owner, SIGKILL);
    ::waitpid(owner, nullptr, 0);
    for (Way& way : ways)
        std::sort(way.seen.begin(), way.seen.end());
    const auto median = [](const Way& way) { return way.seen[rounds / 2]; };
    const auto vdso = std::find_if(std::begin(ways), std::end(ways),
                                   [](const Way& way) { return std::string_view(way.name) == "vdso"; });
    std::printf(json ? "[\n" : "%-16s %9s %9s %9s\n", "way", "median ns", "best ns", "to vdso");
    for (const Way& way : ways)
        std::printf(json
                        ? "  {\"way\": \"%s\", \"median_ns\": %.3f, \"best_ns\": %.3f, \"to_vdso\": %.4f}%s\n"
                        : "%-16s %9.2f %9.2f %9.4f%s\n",
                    way.name, median(way), way.seen.front(), way.seen.front() / vdso->seen.front(),
                    json && &way != std::end(ways) - 1 ? "," : "");
    if (json) std::printf("]\n");
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    const bool json = argc == 3 && std::string_view(argv[1]) == "-o" && std::string_view(argv[2]) == "json";
    if (argc != 1 && !json) return std::fprintf(stderr, "usage: timer-read [-o json]\n"), 2;
    return run(json);
}
