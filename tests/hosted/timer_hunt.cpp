// SPDX-License-Identifier: Apache-2.0
// [T-3] [T-9] [T-10] The timer page in a memory file between three processes: an owner that updates it
// without pause, its clock wandering so that it always slews, and two readers that map it read-only and check
// every value they get.
//
//     torn       a snapshot of which any word differs from what the owner wrote under that sequence
//     backwards  a value below one read before, by this process or, handed over in memory, by the other
//     outside    a value further from the true time than the bound that came with it
//
// The true time is a line of the processor's counter that the owner never shows. What an owner writes under
// a sequence number it first notes in a log; an entry that was overtaken while a reader slept checks nothing
// and is counted. Twin `unchecked`: readers that do not look at the sequence must find torn values.
#include "libvmshare/base/unique_fd.hpp"
#include "libvmshare/timer/reader.h"
#include "libvmshare/timer/writer.h"

#include <array>
#include <atomic>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace {

constexpr std::uint64_t log_entries = 1 << 16;
constexpr std::uint64_t wander_ns = 400'000;

struct Options {
    std::uint64_t reads = 2'000'000; ///< of both readers together
    bool unchecked = false;
    bool counter = true;
};

struct Entry {
    std::atomic<std::uint64_t> seq;
    std::array<std::atomic<std::uint64_t>, XVM_TIME_VMCLOCK_WORDS + XVM_TIME_LINE_WORDS> words;
};

struct Found {
    std::uint64_t reads, torn, backwards, outside, stale, unverified;
};

/// What all three share, beside the page.
struct Board {
    std::atomic<bool> stop;
    std::atomic<std::uint64_t> updates;
    double ns_per_count;
    std::uint64_t counter_at_start;
    alignas(128) std::array<std::atomic<std::uint64_t>, 2> handed;
    alignas(128) std::array<Found, 2> found;
    std::array<Entry, log_entries> log;
};

template <class T>
T* map_file(int fd, int protection) {
    void* at = ::mmap(nullptr, sizeof(T), protection, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) std::perror("mmap"), std::exit(1);
    return static_cast<T*>(at);
}

std::uint64_t true_ns(const Board& board, std::uint64_t counter) {
    return 1'000'000'000 +
           static_cast<std::uint64_t>(double(counter - board.counter_at_start) * board.ns_per_count);
}

std::uint64_t frequency() {
    using clock = std::chrono::steady_clock;
    const auto start = clock::now();
    const std::uint64_t from = xvm_time_rdtsc_ordered();
    while (clock::now() - start < std::chrono::milliseconds(50))
        ;
    const auto ns = std::chrono::nanoseconds(clock::now() - start).count();
    return static_cast<std::uint64_t>(double(xvm_time_rdtsc_ordered() - from) * 1e9 / double(ns));
}

void note(Board& board, xvm_time_page& page, const xvm_time_writer& w, const xvm_time_ref& ref) {
    const std::uint32_t seq = page.vmclock.seq_count + 1;
    const xvm_vmclock v = xvm_time_vmclock_of(&w, &ref);
    Entry& entry = board.log[seq / 2 % log_entries];
    std::array<std::uint64_t, XVM_TIME_VMCLOCK_WORDS + XVM_TIME_LINE_WORDS> words;
    std::memcpy(words.data(), reinterpret_cast<const char*>(&v) + offsetof(xvm_vmclock, disruption_marker),
                XVM_TIME_VMCLOCK_WORDS * 8);
    std::memcpy(&words[XVM_TIME_VMCLOCK_WORDS], &w.line, sizeof(w.line));
    entry.seq.store(0, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_release);
    for (std::size_t i = 0; i < words.size(); ++i)
        entry.words[i].store(words[i], std::memory_order_relaxed);
    entry.seq.store(seq, std::memory_order_release);
}

/// xvm_time_writer_update in its parts, so that the log is written before readers can see the line.
void own(Board& board, xvm_time_page& page, const Options& options) {
    xvm_time_writer w;
    const std::uint64_t hz = frequency();
    board.ns_per_count = 1e9 / double(hz);
    xvm_time_writer_init(&w, &page, XVM_TIME_OWNER_USER, 250, 4711, hz);
    std::uint64_t random = 88172645463325252ULL;
    xvm_time_ref ref{};
    ref.utc_offset_ns = 1'700'000'000'000'000'000;
    ref.error_ns = wander_ns;
    ref.counter_ok = options.counter;
    board.counter_at_start = xvm_time_rdtsc_ordered();
    while (!board.stop.load(std::memory_order_relaxed)) {
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        xvm_time_writer_begin(&w);
        ref.counter = xvm_time_rdtsc_ordered();
        ref.ns = true_ns(board, ref.counter) + random % (2 * wander_ns) - wander_ns;
        ref.tick = true_ns(board, ref.counter) / 4'000'000;
        w.seen_ns = ref.ns; // the rate is known here: what wanders is the clock
        options.counter ? xvm_time_continue(&w, &ref) : xvm_time_stand(&w, &ref);
        note(board, page, w, ref);
        const xvm_vmclock v = xvm_time_vmclock_of(&w, &ref);
        xvm_time_publish(&w, &v);
        xvm_time_write_tick(&w, &ref);
        w.last_ns = ref.ns;
        w.begun = true;
        board.updates.fetch_add(1, std::memory_order_relaxed);
        for (std::uint64_t gap = random >> 56; gap > 0; --gap)
            XVM_TIME_RELAX();
    }
}

enum class Words { same, torn, overtaken };

Words compare(const Board& board, const xvm_time_snapshot& s) {
    const Entry& entry = board.log[s.seq / 2 % log_entries];
    if (entry.seq.load(std::memory_order_acquire) != s.seq) return Words::overtaken;
    std::array<std::uint64_t, XVM_TIME_VMCLOCK_WORDS + XVM_TIME_LINE_WORDS> words;
    std::memcpy(words.data(),
                reinterpret_cast<const char*>(&s.vmclock) + offsetof(xvm_vmclock, disruption_marker),
                XVM_TIME_VMCLOCK_WORDS * 8);
    std::memcpy(&words[XVM_TIME_VMCLOCK_WORDS], &s.line, sizeof(s.line));
    bool same = true;
    for (std::size_t i = 0; i < words.size(); ++i)
        same &= entry.words[i].load(std::memory_order_relaxed) == words[i];
    std::atomic_thread_fence(std::memory_order_acquire);
    if (entry.seq.load(std::memory_order_relaxed) != s.seq) return Words::overtaken;
    return same ? Words::same : Words::torn;
}

/// The broken twin's snapshot: no look at the sequence after the words.
xvm_time_status read_unchecked(const xvm_time_page& page, xvm_time_snapshot& s) {
    s.seq = XVM_TIME_LOAD(page.vmclock.seq_count) & ~1u;
    std::memcpy(&s.vmclock, &page.vmclock, sizeof(s.vmclock));
    s.counter = xvm_time_rdtsc_ordered();
    std::memcpy(&s.line, &page.line, sizeof(s.line));
    return XVM_TIME_OK;
}

void read(Board& board, const xvm_time_page& page, const Options& options, std::size_t self) {
    Found found{};
    xvm_time_reader r;
    while (xvm_time_open(&r, &page, nullptr) != XVM_TIME_OK ||
           XVM_TIME_LOAD(page.tick.state) != XVM_TIME_RUNNING)
        std::this_thread::yield();
    std::uint64_t last = 0, last_coarse = 0, last_tick = 0;
    while (found.reads < options.reads / 2) {
        const std::uint64_t theirs = board.handed[1 - self].load(std::memory_order_acquire);
        xvm_time_snapshot s;
        xvm_time_value value{};
        xvm_time_status status = options.unchecked ? read_unchecked(page, s) : xvm_time_read_snapshot(&r, &s);
        if (status == XVM_TIME_OK) {
            const Words words = compare(board, s);
            found.torn += words == Words::torn;
            found.unverified += words == Words::overtaken;
            status = xvm_time_value_of(&r, &s, &value);
        }
        ++found.reads;
        if (options.counter && status == XVM_TIME_OK) {
            const std::uint64_t truth = true_ns(board, s.counter);
            found.outside += (value.ns > truth ? value.ns - truth : truth - value.ns) > value.error_ns + 1;
            found.backwards += value.ns < last || value.ns < theirs;
            last = value.ns;
            // Half of the reads are the short ones.
            std::uint64_t ns = 0;
            if (xvm_time_now_ordered(&r, &ns) == XVM_TIME_OK) {
                found.backwards += ns < last;
                last = ns;
            }
            ++found.reads;
            board.handed[self].store(last, std::memory_order_release);
        } else {
            found.stale += options.counter || status != XVM_TIME_NO_COUNTER;
            std::uint64_t ns = 0;
            if (xvm_time_now_coarse(&r, &ns) == XVM_TIME_OK) {
                found.backwards += ns < last_coarse;
                last_coarse = ns;
            }
        }
        const std::uint64_t tick = xvm_time_read_tick(&r);
        found.backwards += tick < last_tick;
        last_tick = tick;
    }
    board.found[self] = found;
}

template <class Work>
pid_t start(Work work) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        work();
        ::_exit(0);
    }
    return child;
}

int hunt(const Options& options) {
    xvm::Unique_fd page_file(::memfd_create("xvm-time", MFD_CLOEXEC)),
        board_file(::memfd_create("board", MFD_CLOEXEC));
    if (::ftruncate(page_file.get(), sizeof(xvm_time_page)) != 0 ||
        ::ftruncate(board_file.get(), sizeof(Board)) != 0)
        return std::perror("ftruncate"), 1;
    auto* board = map_file<Board>(board_file.get(), PROT_READ | PROT_WRITE);
    const auto begin = std::chrono::steady_clock::now();
    const pid_t owner = start(
        [&] { own(*board, *map_file<xvm_time_page>(page_file.get(), PROT_READ | PROT_WRITE), options); });
    std::array<pid_t, 2> readers{};
    for (std::size_t i = 0; i < readers.size(); ++i)
        readers[i] = start(
            [&, i] { read(*board, *map_file<const xvm_time_page>(page_file.get(), PROT_READ), options, i); });
    bool ended = true;
    for (const pid_t reader : readers) {
        int status = 0;
        ended &= ::waitpid(reader, &status, 0) == reader && status == 0;
    }
    board->stop = true;
    int status = 0;
    ended &= ::waitpid(owner, &status, 0) == owner && status == 0;
    Found all{};
    for (const Found& found : board->found) {
        all.reads += found.reads;
        all.torn += found.torn;
        all.backwards += found.backwards;
        all.outside += found.outside;
        all.stale += found.stale;
        all.unverified += found.unverified;
    }
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    std::printf("{\"reads\": %" PRIu64 ", \"updates\": %" PRIu64 ", \"torn\": %" PRIu64
                ", \"backwards\": %" PRIu64 ", \"outside\": %" PRIu64 ", \"stale\": %" PRIu64
                ", \"unverified\": %" PRIu64 ", \"seconds\": %.1f}\n",
                all.reads, board->updates.load(), all.torn, all.backwards, all.outside, all.stale,
                all.unverified, seconds);
    if (options.unchecked) return ended && all.torn > 0 ? 0 : 1;
    return ended && all.torn + all.backwards + all.outside == 0 ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (word == "--reads" && i + 1 < argc)
            options.reads = std::strtoull(argv[++i], nullptr, 10);
        else if (word == "--unchecked")
            options.unchecked = true;
        else if (word == "--no-counter")
            options.counter = false;
        else
            return std::fprintf(stderr, "usage: timer-hunt [--reads N] [--no-counter] [--unchecked]\n"), 2;
    }
    return hunt(options);
}
