// SPDX-License-Identifier: Apache-2.0
// A program of a guest (or of dom0) that reads the timer page; what it prints is for scenarios.
//
//     time-probe DEVICE local|shared COMMAND
//       show           what the page says
//       tick           the tick alone
//       watch MS       reads all the time, each clock; counts reads, changes and values that went back
//       poke           tries to write in every way a program can
//       poll MS        waits for a disruption
//       seen N         N programs wait for it, half of them by poll, half by reading the page: the last tick
//                      in which one saw it, and the last that did not show it to one who looked
//       disrupt        sets dom0's UTC, and says which tick brought that to the page
//       cost N         nanoseconds of N reads each, beside the kernel's clocks
//       loop MS KIND   nothing but reads of one kind (none, tick, coarse, error, stamp, gettime), and how
//       many read N FILE    N reads of 4 KiB past the cache, and how long one took at most, on the average
//       and in
//                      the middle
//       fork           a child inherits no mapping, and is told by a signal, not by garbage
// Exit code 0 unless the page could not be read at all.
#include "libvmshare/timer/map.h"

#include <algorithm>
#include <cerrno>
#include <cinttypes>
#include <csetjmp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <poll.h>
#include <string_view>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <vector>

namespace {

std::uint64_t clock_ns() {
    timespec t{};
    ::clock_gettime(CLOCK_MONOTONIC, &t);
    return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(t.tv_nsec);
}

const char* word(xvm_time_status status) {
    const char* words[] = {"ok", "stale", "no-counter", "new-owner", "bad-page"};
    return words[status];
}

int show(xvm_time_reader& r) {
    std::uint64_t coarse = 0, fast = 0;
    const auto coarse_status = xvm_time_now_coarse(&r, &coarse), fast_status = xvm_time_now_fast(&r, &fast);
    xvm_time_value value{};
    const auto error_status = xvm_time_now_with_error(&r, &value);
    std::printf("xvm: time owner=%s hz=%u tick=%" PRIu64 " coarse=%s fast=%s error=%s:%" PRIu64
                " generation=%" PRIu64 " writes=%" PRIu64 " elsewhere=%" PRIu64 " disruptions=%" PRIu64 "\n",
                r.constants.owner == XVM_TIME_OWNER_KERNEL ? "kernel" : "program", r.constants.tick_hz,
                xvm_time_read_tick(&r), word(coarse_status), word(fast_status), word(error_status),
                value.error_ns, XVM_TIME_LOAD(r.page->line.generation), XVM_TIME_LOAD(r.page->stats.writes),
                XVM_TIME_LOAD(r.page->stats.writes_elsewhere),
                r.local ? XVM_TIME_LOAD(r.local->disruptions) : 0);
    return 0;
}

int watch(xvm_time_reader& r, std::uint64_t ms) {
    const std::uint64_t start = clock_ns();
    std::uint64_t reads = 0, changes = 0, backwards = 0, stale = 0, last = 0, last_ns = 0, first = 0, now = 0;
    std::uint64_t precise = 0, last_fast = 0;
    do {
        for (int i = 0; i < 1000; ++i, ++reads) {
            const std::uint64_t tick = xvm_time_read_tick(&r);
            std::uint64_t ns = 0;
            changes += last != 0 && tick != last;
            backwards += tick < last;
            last = tick;
            if (first == 0) first = tick;
            if (xvm_time_now_coarse(&r, &ns) == XVM_TIME_OK) {
                backwards += ns < last_ns;
                last_ns = ns;
            } else {
                ++stale;
            }
            if (xvm_time_now_fast(&r, &ns) == XVM_TIME_OK) {
                backwards += ns < last_fast;
                last_fast = ns;
                ++precise;
            }
        }
        now = clock_ns();
    } while (now - start < ms * 1'000'000);
    std::printf("xvm: watch reads=%" PRIu64 " ticks=%" PRIu64 " changes=%" PRIu64 " backwards=%" PRIu64
                " stale=%" PRIu64 " precise=%" PRIu64 " ms=%" PRIu64 "\n",
                reads, last - first, changes, backwards, stale, precise, (now - start) / 1'000'000);
    return 0;
}

sigjmp_buf faulted;
void on_fault(int) {
    siglongjmp(faulted, 1);
}

int poke(const xvm_time_reader& r, const char* device) {
    for (const int protection : {PROT_READ | PROT_WRITE, PROT_WRITE, PROT_READ | PROT_EXEC}) {
        const int fd = ::open(device, O_RDWR);
        const int other = fd < 0 ? ::open(device, O_RDONLY) : fd;
        void* at = ::mmap(nullptr, XVM_TIME_PAGE_BYTES, protection, MAP_SHARED, other, 0);
        std::printf("xvm: mmap %d: %s\n", protection, at == MAP_FAILED ? std::strerror(errno) : "MADE");
        ::close(other);
    }
    void* page = const_cast<xvm_time_page*>(r.page);
    const int changed = ::mprotect(page, XVM_TIME_PAGE_BYTES, PROT_READ | PROT_WRITE);
    std::printf("xvm: mprotect: %s\n", changed != 0 ? std::strerror(errno) : "DONE");
    std::signal(SIGSEGV, on_fault);
    std::signal(SIGBUS, on_fault);
    if (sigsetjmp(faulted, 1) == 0) {
        *static_cast<volatile std::uint64_t*>(page) = 0;
        std::printf("xvm: write: WENT THROUGH\n");
    } else {
        std::printf("xvm: write: faulted\n");
    }
    return 0;
}

int wait_for_disruption(const char* device, int ms) {
    pollfd file{::open(device, O_RDONLY), POLLPRI, 0};
    const std::uint64_t start = clock_ns();
    const int ready = ::poll(&file, 1, ms);
    std::printf("xvm: poll %s after %" PRIu64 " ms\n",
                ready > 0 && (file.revents & POLLPRI) != 0 ? "disrupted" : "quiet",
                (clock_ns() - start) / 1'000'000);
    return 0;
}

/// What one of the programs that wait for a disruption found, in ticks of the page.
struct Sight {
    std::uint64_t seen;   ///< when it saw it; 0: it did not
    std::uint64_t unseen; ///< the last it looked at that did not show it
};

constexpr int disruption_limit_ms = 60'000;
constexpr useconds_t quiet_us = 200'000; ///< after a disruption, where guests share one processor

/// False: the page still says what it said, at the tick that is then noted.
bool disrupted(const xvm_time_reader& r, std::uint64_t before, std::uint64_t& at_tick) {
    // In this order: a tick that was read with the old generation after it did not bring the new one.
    at_tick = XVM_TIME_LOAD(r.page->tick.value);
    XVM_TIME_FENCE_READ();
    return XVM_TIME_LOAD(r.page->line.generation) != before;
}

void see_disruption(const xvm_time_reader& r, const char* device, bool by_poll, Sight& sight) {
    const std::uint64_t before = XVM_TIME_LOAD(r.page->line.generation);
    if (by_poll) {
        pollfd file{::open(device, O_RDONLY), POLLPRI, 0};
        if (::poll(&file, 1, disruption_limit_ms) <= 0) return;
    } else {
        // As a program that looks twice a tick: asleep in between, so that others have their turn.
        const auto nap_us = static_cast<useconds_t>(r.constants.tick_ns / 2'000);
        const std::uint64_t end = clock_ns() + disruption_limit_ms * 1'000'000ULL;
        for (std::uint64_t tick = 0; !disrupted(r, before, tick); ::usleep(nap_us)) {
            sight.unseen = tick;
            if (clock_ns() > end) return;
        }
    }
    sight.seen = XVM_TIME_LOAD(r.page->tick.value);
}

int disruption_seen(const char* device, bool local, unsigned n) {
    constexpr unsigned most = 64;
    n = std::min(n, most);
    void* at =
        ::mmap(nullptr, most * sizeof(Sight), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) return 1;
    auto* sights = static_cast<Sight*>(at);
    for (unsigned i = 0; i < n; ++i) {
        if (::fork() != 0) continue;
        // A mapping of the page is not inherited: each has its own.
        xvm_time_map map;
        xvm_time_reader r;
        if (xvm_time_map_file(&map, device, local) &&
            xvm_time_open(&r, xvm_time_page_of(&map), xvm_time_local_of(&map)) == XVM_TIME_OK)
            see_disruption(r, device, i % 2 == 0, sights[i]);
        ::usleep(quiet_us); // its end, and what that makes of its mappings, keeps nobody from looking
        ::_exit(0);
    }
    std::printf("xvm: seen: %u programs wait\n", n);
    std::fflush(stdout);
    while (::wait(nullptr) > 0)
        ;
    std::uint64_t last = 0, unseen = 0, blind = 0, last_by_poll = 0;
    for (unsigned i = 0; i < n; ++i) {
        blind += sights[i].seen == 0;
        last = std::max(last, sights[i].seen);
        if (i % 2 == 0) last_by_poll = std::max(last_by_poll, sights[i].seen);
        unseen = std::max(unseen, sights[i].unseen);
    }
    std::printf("xvm: seen programs=%u blind=%" PRIu64 " last=%" PRIu64 " last_by_poll=%" PRIu64
                " unseen=%" PRIu64 "\n",
                n, blind, last, last_by_poll, unseen);
    return 0;
}

/// Sets UTC by an hour, and says which tick brought that to the page: the first that shows it.
int disrupt(const xvm_time_reader& r) {
    const std::uint64_t before = XVM_TIME_LOAD(r.page->line.generation);
    timespec utc{};
    ::clock_gettime(CLOCK_REALTIME, &utc);
    utc.tv_sec += 3600;
    std::uint64_t earliest = 0, tick = 0;
    if (::clock_settime(CLOCK_REALTIME, &utc) != 0) return std::perror("clock_settime"), 1;
    for (; !disrupted(r, before, tick); ::usleep(200))
        earliest = tick + 1;
    tick = XVM_TIME_LOAD(r.page->tick.value);
    ::usleep(quiet_us);
    std::printf("xvm: disrupted earliest=%" PRIu64 " latest=%" PRIu64 "\n", earliest == 0 ? tick : earliest,
                tick);
    return 0;
}

template <class Read>
void cost(const char* name, unsigned n, Read read) {
    const std::uint64_t start = clock_ns();
    for (unsigned i = 0; i < n; ++i) {
        const std::uint64_t value = read();
        __asm__ volatile("" : : "r"(value));
    }
    const std::uint64_t ns = clock_ns() - start;
    std::printf("xvm: cost %s %" PRIu64 ".%02" PRIu64 "\n", name, ns / n, ns % n * 100 / n);
}

int costs(xvm_time_reader& r, unsigned n) {
    // The short ones often: what else the processor does in between must not count.
    cost("loop", 100 * n, [] { return std::uint64_t{0}; });
    cost("tick", 100 * n, [&] { return xvm_time_read_tick(&r); });
    cost("coarse", 100 * n, [&] {
        std::uint64_t ns = 0;
        return xvm_time_now_coarse(&r, &ns) == XVM_TIME_OK ? ns : 0;
    });
    cost("clock_gettime", n, [] { return clock_ns(); });
    cost("clock_gettime_coarse", n, [] {
        timespec t{};
        ::clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
        return static_cast<std::uint64_t>(t.tv_nsec);
    });
    cost("syscall", n, [] {
        timespec t{};
        ::syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
        return static_cast<std::uint64_t>(t.tv_nsec);
    });
    cost("rdtsc", n, [] { return xvm_time_rdtsc(); });
    return 0;
}

template <class Read>
int loop(const char* kind, std::uint64_t ms, Read read) {
    constexpr unsigned batch = 20'000; // between two looks at the kernel's clock
    const std::uint64_t end = clock_ns() + ms * 1'000'000;
    std::uint64_t reads = 0;
    do {
        for (unsigned i = 0; i < batch; ++i) {
            const std::uint64_t value = read();
            __asm__ volatile("" : : "r"(value));
        }
        reads += batch;
    } while (clock_ns() < end);
    std::printf("xvm: loop kind=%s reads=%" PRIu64 "\n", kind, reads);
    return 0;
}

int loop_of(xvm_time_reader& r, std::uint64_t ms, std::string_view kind) {
    if (kind == "tick") return loop("tick", ms, [&] { return xvm_time_read_tick(&r); });
    if (kind == "stamp") return loop("stamp", ms, [&] { return xvm_time_stamp(&r); });
    if (kind == "error")
        return loop("error", ms, [&] {
            xvm_time_value value{};
            return xvm_time_now_with_error(&r, &value) == XVM_TIME_OK ? value.ns : 0;
        });
    if (kind == "gettime") return loop("gettime", ms, [] { return clock_ns(); });
    if (kind == "none") return loop("none", ms, [] { return std::uint64_t{0}; });
    return loop("coarse", ms, [&] {
        std::uint64_t ns = 0;
        return xvm_time_now_coarse(&r, &ns) == XVM_TIME_OK ? ns : 0;
    });
}

/// A page may be missing: then page_ns is 0.
int read_file(const char* device, unsigned n, const char* path) {
    xvm_time_map map;
    xvm_time_reader r;
    const bool timed = xvm_time_map_file(&map, device, true) &&
                       xvm_time_open(&r, xvm_time_page_of(&map), xvm_time_local_of(&map)) == XVM_TIME_OK;
    const auto page_now = [&] { return timed ? xvm_time_read_tick(&r) * r.constants.tick_ns : 0; };
    const int fd = ::open(path, O_RDONLY | O_DIRECT);
    void* buffer = std::aligned_alloc(4096, 4096);
    std::uint64_t longest_by_page = 0;
    std::vector<std::uint64_t> took;
    const std::uint64_t start = clock_ns();
    for (unsigned i = 0; i < n; ++i) {
        const std::uint64_t page = page_now(), before = clock_ns();
        if (::pread(fd, buffer, 4096, static_cast<off_t>(i % 1024) * 4096) != 4096)
            return std::printf("xvm: read %s: %s\n", path, std::strerror(errno)), 1;
        took.push_back(clock_ns() - before);
        longest_by_page = std::max(longest_by_page, page_now() - page);
    }
    const std::uint64_t all = clock_ns() - start;
    std::sort(took.begin(), took.end());
    std::printf("xvm: read n=%u mean_ns=%" PRIu64 " median_ns=%" PRIu64 " longest_ns=%" PRIu64
                " page_ns=%" PRIu64 "\n",
                n, all / n, took[n / 2], took.back(), longest_by_page);
    return 0;
}

int fork_and_read(xvm_time_reader& r) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(xvm_time_read_tick(&r) == 0 ? 1 : 0);
    int status = 0;
    ::waitpid(child, &status, 0);
    std::printf("xvm: fork: child %s, parent reads %s\n",
                WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "read",
                xvm_time_read_tick(&r) != 0 ? "on" : "NOTHING");
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 4) return std::fprintf(stderr, "usage: time-probe DEVICE local|shared COMMAND [N]\n"), 2;
    const std::string_view command = argv[3];
    const unsigned n = argc > 4 ? static_cast<unsigned>(std::strtoul(argv[4], nullptr, 10)) : 1000;
    if (command == "poll") return wait_for_disruption(argv[1], static_cast<int>(n));
    if (command == "seen") return disruption_seen(argv[1], std::string_view(argv[2]) == "local", n);
    if (command == "read" && argc > 5) return read_file(argv[1], n, argv[5]);
    xvm_time_map map;
    if (!xvm_time_map_file(&map, argv[1], std::string_view(argv[2]) == "local"))
        return std::printf("xvm: %s: %s\n", argv[1], std::strerror(errno)), 1;
    xvm_time_reader r;
    const auto status = xvm_time_open(&r, xvm_time_page_of(&map), xvm_time_local_of(&map));
    if (status != XVM_TIME_OK) return std::printf("xvm: open: %s\n", word(status)), 1;
    if (command == "show") return show(r);
    if (command == "tick") return std::printf("xvm: tick %" PRIu64 "\n", xvm_time_read_tick(&r)), 0;
    if (command == "watch") return watch(r, n);
    if (command == "poke") return poke(r, argv[1]);
    if (command == "cost") return costs(r, n);
    if (command == "loop") return loop_of(r, n, argc > 5 ? argv[5] : "coarse");
    if (command == "disrupt") return disrupt(r);
    if (command == "fork") return fork_and_read(r);
    return std::fprintf(stderr, "time-probe: %s: no such command\n", argv[3]), 2;
}
