// SPDX-License-Identifier: Apache-2.0
// How many events the same load costs under each scheme of ring_schemes.hpp.
//
//   ring-sends --scripted     R-12 as a test: one thread plays scripted schedules step by step, so the
//                             counts repeat exactly. Ours with the claim sends strictly less than
//                             always-notify and no more than Xen's event index, on every schedule
//                             (but where each request finds a sleeper, so that none can send less).
//   ring-sends [-o json]      two threads on two processors, eventfds as events; counts vary with the
//                             machine, so they are shown and judged by nobody.
//
// Every request and every answer is published by itself: the schemes then differ most.
#include "libvmshare/base/unique_fd.hpp"
#include "tests/bench/ring_schemes.hpp"

#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string_view>
#include <sys/eventfd.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace xvm;
using namespace xvm::bench;

namespace {

struct Sends {
    std::uint64_t requests = 0, front = 0, back = 0;
    double per_request() const { return double(front + back) / double(requests); }
};

// ---- scripted ----------------------------------------------------------------------------------------

/// A consumer in the script: its event arrives `latency` steps after the send; awake, it does so many
/// slots a step.
struct Sleeper {
    unsigned latency, per_step;
    bool asleep = true, pending = false;
    unsigned left = 0;
    void event() {
        if (!pending) left = latency;
        pending = true;
    }
    /// True if it runs in this step; `woken` if it has just been.
    template <class Woken>
    bool runs(Woken woken) {
        if (pending && left > 0) --left;
        if (pending && left == 0) {
            pending = asleep = false;
            woken();
        }
        return !asleep;
    }
};

struct Script {
    const char* name;
    unsigned burst, every; // `burst` requests each `every` steps; every 0: as many as there is room
    unsigned latency, per_step;
    bool all_asleep = false; // each request finds both ends asleep: one send each is the least possible
};
constexpr Script scripts[] = {
    {"light", 1, 200, 20, 4, true}, {"paced", 1, 5, 20, 1},       {"bursts of 16", 16, 100, 20, 4},
    {"saturated", 32, 1, 20, 4},    {"slow server", 4, 3, 50, 1}, {"ragged", 0, 0, 20, 3},
};

template <class Scheme>
Sends play(const Script& script, unsigned seed) {
    static Page page;
    Scheme scheme(page);
    typename Scheme::Front front(scheme);
    typename Scheme::Back back(scheme);
    Sleeper front_sleeper{script.latency, script.per_step}, back_sleeper{script.latency, script.per_step};
    std::mt19937 random(seed);
    Sends sends;
    std::uint64_t answered = 0;
    constexpr std::uint64_t requests = 20000;
    unsigned backlog = 0;
    for (unsigned step = 0; answered < requests; ++step) {
        if (script.burst == 0)
            backlog += random() % 8 == 0 ? random() % 12 : 0;
        else if (step % script.every == 0)
            backlog += script.burst;
        backlog = std::min(backlog, 64u);
        for (; backlog > 0 && sends.requests < requests && front.room(); --backlog)
            if (front.submit(sends.requests++)) {
                ++sends.front;
                back_sleeper.event();
            }
        if (back_sleeper.runs([&] { back.begin_wake(); })) {
            unsigned done = 0;
            for (; done < script.per_step && back.take(); ++done)
                if (back.answer()) {
                    ++sends.back;
                    front_sleeper.event();
                }
            if (done < script.per_step) back_sleeper.asleep = back.may_sleep();
        }
        if (front_sleeper.runs([&] { front.begin_wake(); })) {
            unsigned done = 0;
            for (; done < script.per_step && front.take(); ++done)
                ++answered;
            if (done < script.per_step) front_sleeper.asleep = front.may_sleep();
        }
        if (step > 100'000'000) std::abort(); // a wake-up got lost
    }
    return sends;
}

int scripted() {
    unsigned schedules = 0, wrong = 0;
    std::printf("%-14s %8s %8s %8s %8s   sends per request, both ways\n", "schedule", "always", "flag",
                "claim", "xen");
    for (const Script& script : scripts) {
        for (unsigned seed = 1; seed <= (script.burst == 0 ? 20u : 1u); ++seed, ++schedules) {
            const Sends always = play<Always>(script, seed), flag = play<Plain_flag>(script, seed),
                        claim = play<Claim>(script, seed), xen = play<Event_index>(script, seed);
            const auto total = [](const Sends& s) { return s.front + s.back; };
            const bool fewer =
                script.all_asleep ? total(claim) == 2 * claim.requests : total(claim) < total(always);
            const bool as_must = fewer && total(claim) <= total(xen) && total(claim) <= total(flag) &&
                                 total(flag) <= total(always);
            wrong += !as_must;
            if (seed == 1 || !as_must)
                std::printf("%-14s %8.4f %8.4f %8.4f %8.4f%s\n", script.name, always.per_request(),
                            flag.per_request(), claim.per_request(), xen.per_request(),
                            as_must ? "" : "  <-- WRONG");
        }
    }
    std::printf("%u schedules, %u against R-12\n", schedules, wrong);
    return wrong ? 1 : 0;
}

// ---- measured ----------------------------------------------------------------------------------------

struct Load {
    const char* name;
    std::uint64_t requests;
    unsigned burst;        // requests in a row; 0: as many as there is room
    bool wait_for_answers; // before the next burst
    unsigned gap_us;
};
constexpr Load loads[] = {
    {"light", 4000, 1, true, 50},
    {"paced 5 us", 40000, 1, false, 5},
    {"bursts of 16", 40000, 16, true, 20},
    {"saturated", 400000, 0, false, 0},
};

class Event {
  public:
    void send() {
        const std::uint64_t one = 1;
        if (::write(fd_.get(), &one, sizeof one) != sizeof one) std::abort();
    }
    void wait() {
        std::uint64_t count;
        if (::read(fd_.get(), &count, sizeof count) != sizeof count) std::abort();
    }

  private:
    Unique_fd fd_{::eventfd(0, EFD_CLOEXEC)};
};

void spin(std::chrono::microseconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < end)
        __builtin_ia32_pause();
}

/// Three threads: the submitter, the front end's interrupt (one lock around the front, as a driver has),
/// the back end.
template <class Scheme>
Sends measure(const Load& load) {
    static Page page;
    Scheme scheme(page);
    typename Scheme::Front front(scheme);
    typename Scheme::Back back(scheme);
    Event to_front, to_back;
    std::atomic<std::uint64_t> answered = 0;
    std::atomic_flag lock;
    const auto locked = [&](auto work) {
        while (lock.test_and_set(std::memory_order_acquire))
            std::this_thread::yield();
        work();
        lock.clear(std::memory_order_release);
    };
    Sends sends;
    std::uint64_t back_sends = 0;

    std::thread server([&] {
        for (std::uint64_t done = 0; done < load.requests;) {
            if (back.may_sleep()) {
                to_back.wait();
                back.begin_wake();
            }
            for (; back.take(); ++done)
                if (back.answer()) {
                    ++back_sends;
                    to_front.send();
                }
        }
    });
    std::thread interrupt([&] {
        while (answered < load.requests) {
            to_front.wait();
            locked([&] {
                front.begin_wake();
                do
                    while (front.take())
                        ++answered;
                while (!front.may_sleep());
            });
            answered.notify_all();
        }
    });
    while (sends.requests < load.requests) {
        const std::uint64_t until =
            load.burst ? std::min(load.requests, sends.requests + load.burst) : load.requests;
        while (sends.requests < until) {
            bool full = false, send = false;
            const std::uint64_t seen = answered;
            locked([&] {
                full = !front.room();
                if (!full) send = front.submit(sends.requests++);
            });
            if (send) {
                ++sends.front;
                to_back.send();
            }
            if (full) answered.wait(seen);
        }
        if (load.wait_for_answers)
            for (std::uint64_t seen; (seen = answered) < sends.requests;)
                answered.wait(seen);
        if (load.gap_us) spin(std::chrono::microseconds(load.gap_us));
    }
    server.join();
    interrupt.join();
    sends.back = back_sends;
    return sends;
}

template <class Scheme>
void measure_all(const char* name, bool json, bool last) {
    for (const Load& load : loads) {
        const Sends sends = measure<Scheme>(load);
        const double n = double(sends.requests);
        if (json)
            std::printf("  {\"scheme\": \"%s\", \"load\": \"%s\", \"requests\": %" PRIu64
                        ", \"front_sends\": %" PRIu64 ", \"back_sends\": %" PRIu64 "}%s\n",
                        name, load.name, sends.requests, sends.front, sends.back,
                        last && &load == std::end(loads) - 1 ? "" : ",");
        else
            std::printf("%-12s %-14s %9" PRIu64 " %10.5f %10.5f\n", name, load.name, sends.requests,
                        double(sends.front) / n, double(sends.back) / n);
    }
}

int measured(bool json) {
    if (json)
        std::printf("[\n");
    else
        std::printf("%-12s %-14s %9s %10s %10s   sends per request\n", "scheme", "load", "requests", "front",
                    "back");
    measure_all<Always>("always", json, false);
    measure_all<Plain_flag>("flag", json, false);
    measure_all<Claim>("claim", json, false);
    measure_all<Event_index>("xen ring.h", json, true);
    if (json) std::printf("]\n");
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    const std::vector<std::string_view> arguments(argv + 1, argv + argc);
    if (arguments == std::vector<std::string_view>{"--scripted"}) return scripted();
    if (arguments.empty()) return measured(false);
    if (arguments == std::vector<std::string_view>{"-o", "json"}) return measured(true);
    std::fprintf(stderr, "usage: ring-sends [--scripted | -o json]\n");
    return 2;
}
