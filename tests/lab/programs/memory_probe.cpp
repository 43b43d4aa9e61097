// SPDX-License-Identifier: Apache-2.0
// What domains own while a command runs: who had how much when, and whether the sum was ever another.
// Usage: memory-probe INTERVAL_US FROM TO KIB COMMAND...
//        memory-probe sum
//        memory-probe until DOMID KIB
//        memory-probe kill DOMID AFTER_US
// Runs COMMAND and looks at all domains until it has ended and TO has KIB more than at first, or 60 s after
// the start; with KIB 0 until it has ended. Prints one line: first_us (TO's first MiB), whole_us (TO has KIB
// more), from_us (FROM has KIB less), command_us (COMMAND's end), samples, off_pages (the most that pages of
// domains and free pages ever differed from their sum at first). Times from COMMAND's start; 0: never. `sum`
// prints that sum alone, in pages.
//
// A sample counts only when domains owned the same before and after free pages were asked for: the two are
// no single question. What Xen's own heap takes meanwhile would show as off.
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>
#include <spawn.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
extern "C" {
#include <xenctrl.h>
}

extern char** environ; // NOLINT(readability-redundant-declaration)

namespace {

using Clock = std::chrono::steady_clock;
using Pages = std::map<unsigned, std::int64_t>;

std::optional<Pages> pages_of(xc_interface* xc) {
    std::array<xc_domaininfo_t, 64> all{};
    const int found = xc_domain_getinfolist(xc, 0, all.size(), all.data());
    if (found < 0) return std::nullopt;
    Pages pages;
    for (int i = 0; i < found; ++i)
        pages[all[static_cast<std::size_t>(i)].domain] =
            static_cast<std::int64_t>(all[static_cast<std::size_t>(i)].tot_pages);
    return pages;
}

struct Sample {
    Pages pages;
    std::int64_t sum = 0;
};

/// Nothing when memory moved under it; `seen` is what domains had all the same.
std::optional<Sample> sample(xc_interface* xc, Pages& seen, bool& failed) {
    const auto before = pages_of(xc);
    xc_physinfo_t host{};
    failed = !before || xc_physinfo(xc, &host) != 0;
    const auto after = failed ? std::nullopt : pages_of(xc);
    if (after) seen = *after;
    if (!after || *before != *after) return std::nullopt;
    Sample one{*after, static_cast<std::int64_t>(host.free_pages)};
    for (const auto& [domid, pages] : one.pages)
        one.sum += pages;
    return one;
}

int wait_until(unsigned domid, std::int64_t pages) {
    xc_interface* const xc = xc_interface_open(nullptr, nullptr, 0);
    if (xc == nullptr) return 1;
    for (;;) {
        const auto now = pages_of(xc);
        const auto has = now ? now->find(domid) : Pages::const_iterator{};
        if (!now || has == now->end()) return 1;
        if (has->second <= pages) return 0;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

int kill_after(unsigned domid, std::chrono::microseconds wait) {
    xc_interface* const xc = xc_interface_open(nullptr, nullptr, 0);
    if (xc == nullptr) return 1;
    std::this_thread::sleep_for(wait);
    return xc_domain_destroy(xc, domid) == 0 ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
    if (argc == 4 && std::strcmp(argv[1], "until") == 0)
        return wait_until(static_cast<unsigned>(std::atoi(argv[2])), std::atoll(argv[3]) / 4);
    if (argc == 4 && std::strcmp(argv[1], "kill") == 0)
        return kill_after(static_cast<unsigned>(std::atoi(argv[2])),
                          std::chrono::microseconds(std::atoi(argv[3])));
    const bool sum_only = argc == 2 && std::strcmp(argv[1], "sum") == 0;
    if (argc < 6 && !sum_only) {
        std::fprintf(stderr, "usage: memory-probe INTERVAL_US FROM TO KIB COMMAND... | sum | until DOMID KIB "
                             "| kill DOMID AFTER_US\n");
        return 2;
    }
    xc_interface* const xc = xc_interface_open(nullptr, nullptr, 0);
    bool failed = xc == nullptr;
    std::optional<Sample> first;
    Pages seen;
    for (int i = 0; i < 1000 && !first && !failed; ++i)
        first = sample(xc, seen, failed);
    if (!first) return 1;
    if (sum_only) {
        std::printf("%lld\n", static_cast<long long>(first->sum));
        return 0;
    }
    const std::chrono::microseconds interval(std::atoi(argv[1]));
    const auto from = static_cast<unsigned>(std::atoi(argv[2]));
    const auto to = static_cast<unsigned>(std::atoi(argv[3]));
    const std::int64_t wanted = std::atoll(argv[4]) / 4;
    constexpr std::int64_t mebibyte = 256;
    const auto start = Clock::now();
    const auto now_us = [&] {
        return static_cast<long long>(
            std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start).count());
    };
    pid_t child = 0;
    if (::posix_spawnp(&child, argv[5], nullptr, nullptr, argv + 5, environ) != 0) return 1;
    long long first_us = 0, whole_us = 0, from_us = 0, command_us = 0;
    std::int64_t off = 0;
    unsigned samples = 0;
    int status = 0;
    while (wanted == 0 || now_us() < 60'000'000) {
        std::this_thread::sleep_for(interval);
        if (command_us == 0 && ::waitpid(child, &status, WNOHANG) == child) command_us = now_us();
        const auto one = sample(xc, seen, failed);
        const auto more = [&](unsigned domid) {
            const auto had = first->pages.find(domid);
            const auto has = seen.find(domid);
            return had == first->pages.end() || has == seen.end() ? 0 : has->second - had->second;
        };
        if (first_us == 0 && more(to) >= mebibyte) first_us = now_us();
        if (whole_us == 0 && more(to) >= wanted) whole_us = now_us();
        if (from_us == 0 && more(from) <= -wanted) from_us = now_us();
        if (one) {
            ++samples;
            off = std::max(off, std::abs(one->sum - first->sum));
        }
        if (command_us != 0 && (wanted == 0 || whole_us != 0 || status != 0)) break;
    }
    std::printf("first_us=%lld whole_us=%lld from_us=%lld command_us=%lld samples=%u off_pages=%lld\n",
                first_us, whole_us, from_us, command_us, samples, static_cast<long long>(off));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
