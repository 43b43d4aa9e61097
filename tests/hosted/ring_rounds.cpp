// SPDX-License-Identifier: Apache-2.0
// The ring between two processes: a front end submits, a back end answers, each sleeps by the
// wake protocol on an eventfd, and nothing but the other's send ever wakes it: there is no timer.
//
// A third process only watches. Invariant of its judgement: a side waits between setting `blocked` and
// raising `epoch`, and takes its event only after that. So when both sides are seen blocked in the same
// epoch before and after both eventfds were seen empty, nobody can ever move again: a lost wake-up,
// whatever the load on the machine.
//
// One round is one request and its answer, both checked for order and content.
#include "libvmshare/base/unique_fd.hpp"
#include "tests/unit/libvmshare/ring/ring_page.hpp"

#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <poll.h>
#include <sched.h>
#include <string_view>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace xvm;
using namespace xvm::test;
using ring::Arm;
using ring::Take;

namespace {

/// The broken twin: the same ring without its two fences.
struct Unfenced_memory : ring::Shared_memory {
    static void fence_after_publish() noexcept { std::atomic_signal_fence(std::memory_order_seq_cst); }
    static void fence_after_arm() noexcept { std::atomic_signal_fence(std::memory_order_seq_cst); }
};

struct Options {
    std::uint64_t rounds = 1'000'000;
    std::uint64_t seed = 1;
    unsigned pages = 1;
    bool claim = true;
    std::string_view front = "cpp"; // or "c", "unfenced"
    bool expect_loss = false;
};

/// What a process shows of itself; on a page that both ends and the watcher map.
struct Status {
    std::atomic<std::uint64_t> blocked, epoch, rounds;
    std::uint64_t saved_by_recheck;
    xvm_ring_stats stats;
};
struct Board {
    alignas(128) Status front;
    alignas(128) Status back;
};

enum Exit { ok = 0, wrong_content = 10, broken_peer = 11 };

class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15ULL | 1) {}
    std::uint64_t below(std::uint64_t limit) {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 7;
        state_ ^= state_ << 17;
        return (state_ >> 11) % limit;
    }
    /// Nothing mostly; some spins, a yield, or a short sleep now and then.
    void pause() {
        const std::uint64_t dice = below(4096);
        if (dice < 2) {
            std::this_thread::sleep_for(std::chrono::microseconds(below(50)));
        } else if (dice < 16) {
            ::sched_yield();
        } else if (dice < 2048) {
            for (std::uint64_t n = below(64); n > 0; --n)
                __builtin_ia32_pause();
        }
    }

    /// How long to look at a queue before sleeping: drawn anew now and then, so that each end meets the
    /// other fast asleep, just falling asleep, and wide awake.
    std::uint64_t linger() {
        if (below(256) == 0) linger_ = std::uint64_t{1} << below(12);
        return below(linger_);
    }

  private:
    std::uint64_t state_;
    std::uint64_t linger_ = 1;
};

void send(int event) {
    const std::uint64_t one = 1;
    if (::write(event, &one, sizeof one) != sizeof one) std::abort();
}

void wait_for(int event, Status& status) {
    status.blocked.store(1);
    pollfd waiting{event, POLLIN, 0};
    while (::poll(&waiting, 1, -1) != 1) {
    }
    status.epoch.fetch_add(1);
    status.blocked.store(0);
    std::uint64_t count;
    if (::read(event, &count, sizeof count) != sizeof count) std::abort();
}

std::uint64_t digest(const Req& request) {
    std::uint64_t sum = request.hdr.id ^ request.hdr.t_submit;
    for (const std::uint64_t word : request.body)
        sum = sum * 31 + word;
    return sum;
}

template <class Front>
int run_front(Front front, const Options& options, Status& status, int own_event, int peer_event) {
    Random random(options.seed);
    std::uint64_t asked = 0, answered = 0;
    const auto finish = [&] {
        Rsp response;
        Take verdict;
        while ((verdict = front.take(response)) == Take::taken) {
            if (response.hdr.id != answered || response.body != digest(make_slot<Req>(answered)))
                return false;
            ++answered;
        }
        return verdict == Take::empty;
    };
    while (answered < options.rounds) {
        // Half of the batches wait until all before are answered: then no later insert can hide a loss.
        if (asked == answered || random.below(2) == 0) {
            std::uint64_t batch = std::min<std::uint64_t>(front.room(), options.rounds - asked);
            if (batch > 0) batch = 1 + random.below(std::min<std::uint64_t>(batch, 1 + random.below(batch)));
            for (; batch > 0; --batch)
                front.push(make_slot<Req>(asked++));
            if (front.publish()) send(peer_event);
        }
        random.pause();
        for (std::uint64_t looks = random.linger();; --looks) {
            if (!finish()) return front.broken() ? broken_peer : wrong_content;
            if (looks == 0 || asked == answered) break;
            __builtin_ia32_pause();
        }
        status.rounds.store(answered, std::memory_order_relaxed);
        if (asked == answered) continue;
        if (front.arm() == Arm::work) {
            ++status.saved_by_recheck;
            continue;
        }
        status.stats = front.counters();
        wait_for(own_event, status);
        front.begin_wake();
    }
    status.stats = front.counters();
    return ok;
}

template <class Memory>
int run_back(ring::Server<Req, Rsp, Memory> server, const Options& options, Status& status, int own_event,
             int peer_event) {
    Random random(options.seed + 1);
    std::uint64_t served = 0;
    while (served < options.rounds) {
        if (server.arm() == Arm::work) {
            ++status.saved_by_recheck;
        } else {
            status.stats = server.counters();
            wait_for(own_event, status);
            server.begin_wake();
        }
        Req request;
        Take verdict;
        for (std::uint64_t looks = random.linger();; --looks) {
            while ((verdict = server.take(request)) == Take::taken) {
                if (!is_slot(request, served)) return wrong_content;
                server.respond(Rsp{{request.hdr.id, 0, 0}, digest(request)});
                ++served;
                if (random.below(4) == 0 && server.publish()) send(peer_event);
            }
            if (verdict == Take::broken) return broken_peer;
            if (looks == 0) random.pause();
            if (server.publish()) send(peer_event);
            if (looks == 0) break;
            __builtin_ia32_pause();
        }
        status.rounds.store(served, std::memory_order_relaxed);
    }
    status.stats = server.counters();
    return ok;
}

/// Puts the calling process on the n-th of the processors it may use.
void pin(int n) {
    cpu_set_t allowed;
    if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (!CPU_ISSET(cpu, &allowed) || n-- > 0) continue;
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        ::sched_setaffinity(0, sizeof one, &one);
        return;
    }
}

template <class Body>
pid_t spawn(int cpu, Body body) {
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child != 0) return child;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    pin(cpu);
    ::_exit(body());
}

bool empty(int event) {
    pollfd look{event, POLLIN, 0};
    return ::poll(&look, 1, 0) == 0;
}

enum class Outcome { finished, lost_wake_up, hung, failed };

Outcome watch(Board& board, pid_t front, pid_t back, int front_event, int back_event) {
    using namespace std::chrono;
    constexpr auto patience = seconds(120); // for a spin without end; no proof hangs on it
    std::uint64_t last_rounds = 0;
    auto last_progress = steady_clock::now();
    for (int running = 2; running > 0;) {
        int status = 0;
        if (const pid_t done = ::waitpid(-1, &status, WNOHANG); done == front || done == back) {
            --running;
            if (WIFEXITED(status) && WEXITSTATUS(status) == ok) continue;
            std::printf("%s: %s\n", done == front ? "front" : "back",
                        !WIFEXITED(status)                     ? "killed by a signal"
                        : WEXITSTATUS(status) == wrong_content ? "wrong order or content"
                                                               : "peer judged broken");
            return Outcome::failed;
        }
        std::this_thread::sleep_for(milliseconds(5));
        const std::uint64_t front_epoch = board.front.epoch, back_epoch = board.back.epoch;
        const bool blocked = board.front.blocked && board.back.blocked;
        if (blocked && empty(front_event) && empty(back_event) && board.front.blocked && board.back.blocked &&
            board.front.epoch == front_epoch && board.back.epoch == back_epoch)
            return Outcome::lost_wake_up;
        const std::uint64_t rounds = board.front.rounds + board.back.rounds + front_epoch + back_epoch;
        if (rounds != last_rounds) {
            last_rounds = rounds;
            last_progress = steady_clock::now();
        } else if (steady_clock::now() - last_progress > patience) {
            return Outcome::hung;
        }
    }
    return Outcome::finished;
}

void report(const char* who, const Status& status) {
    const xvm_ring_stats& s = status.stats;
    std::printf("  %-5s  inserts %" PRIu64 "  sends %" PRIu64 " (%.4f per insert)  claims lost %" PRIu64
                "  sleeps %" PRIu64 "  saved by the re-check %" PRIu64 "  spurious %" PRIu64
                "  max batch %u\n",
                who, s.inserts, s.sends, s.inserts ? double(s.sends) / double(s.inserts) : 0.0, s.claims_lost,
                status.epoch.load(), status.saved_by_recheck, s.spurious, s.max_batch);
}

std::byte* shared_memory(std::size_t bytes) {
    const Unique_fd memory(::memfd_create("ring", MFD_CLOEXEC));
    if (::ftruncate(memory.get(), static_cast<off_t>(bytes)) != 0) return nullptr;
    void* at = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, memory.get(), 0);
    return at == MAP_FAILED ? nullptr : static_cast<std::byte*>(at);
}

int run(const Options& options) {
    const std::size_t bytes = std::size_t{options.pages} * XVM_RING_PAGE_BYTES;
    std::byte* memory = shared_memory(bytes);
    auto* board = reinterpret_cast<Board*>(shared_memory(sizeof(Board)));
    const Unique_fd front_event(::eventfd(0, EFD_CLOEXEC)), back_event(::eventfd(0, EFD_CLOEXEC));
    if (!memory || !board || !front_event || !back_event) {
        std::perror("ring-rounds");
        return 1;
    }
    const auto region = ring::Region::create({memory, bytes}, options.claim ? XVM_RING_F_CLAIM : 0);
    if (!region) {
        std::printf("%s\n", region.error().line().c_str());
        return 2;
    }
    const auto start = std::chrono::steady_clock::now();
    const pid_t back = spawn(1, [&] {
        const auto attached = ring::Region::attach({memory, bytes});
        if (!attached) return 1;
        if (options.front == "unfenced")
            return run_back(ring::Server<Req, Rsp, Unfenced_memory>(*attached), options, board->back,
                            back_event.get(), front_event.get());
        return run_back(ring::Server<Req, Rsp>(*attached), options, board->back, back_event.get(),
                        front_event.get());
    });
    const pid_t front = spawn(0, [&] {
        if (options.front == "unfenced")
            return run_front(ring::Client<Req, Rsp, Unfenced_memory>(*region), options, board->front,
                             front_event.get(), back_event.get());
        if (options.front == "c")
            return run_front(C_front(*region, *reinterpret_cast<xvm_ring*>(memory)), options, board->front,
                             front_event.get(), back_event.get());
        return run_front(Cpp_front(*region), options, board->front, front_event.get(), back_event.get());
    });
    const Outcome outcome = watch(*board, front, back, front_event.get(), back_event.get());
    if (outcome != Outcome::finished) {
        ::kill(front, SIGKILL);
        ::kill(back, SIGKILL);
        while (::waitpid(-1, nullptr, 0) > 0) {
        }
    }
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    std::printf("%s front, %s, %u page(s), seed %" PRIu64 ": %" PRIu64 " of %" PRIu64
                " rounds in %.1f s; rescued by a timer: 0\n",
                options.front.data(), options.claim ? "claim" : "plain flag", options.pages, options.seed,
                board->front.rounds.load(), options.rounds, elapsed.count());
    report("front", board->front);
    report("back", board->back);
    switch (outcome) {
    case Outcome::finished:
        break;
    case Outcome::lost_wake_up:
        std::printf("LOST WAKE-UP: both ends wait and no event is pending\n");
        break;
    case Outcome::hung:
        std::printf("HUNG: no progress\n");
        break;
    case Outcome::failed:
        break;
    }
    if (options.expect_loss) {
        const bool lost = outcome == Outcome::lost_wake_up;
        std::printf("a ring without fences must lose a wake-up: %s\n", lost ? "it did" : "it did NOT");
        return lost ? 0 : 1;
    }
    return outcome == Outcome::finished ? 0 : 1;
}

int usage() {
    std::printf("usage: ring-rounds [--rounds N] [--seed N] [--pages 1|2|4|8|16] [--front cpp|c|unfenced]\n"
                "                   [--no-claim] [--expect-loss]\n");
    return 2;
}

} // namespace

int main(int argc, char** argv) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    Options options;
    const std::vector<std::string_view> arguments(argv + 1, argv + argc);
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view name = arguments[i];
        const char* value = i + 1 < arguments.size() ? arguments[i + 1].data() : nullptr;
        if (name == "--no-claim") {
            options.claim = false;
        } else if (name == "--expect-loss") {
            options.expect_loss = true;
        } else if (!value) {
            return usage();
        } else {
            ++i;
            if (name == "--rounds")
                options.rounds = std::strtoull(value, nullptr, 10);
            else if (name == "--seed")
                options.seed = std::strtoull(value, nullptr, 10);
            else if (name == "--pages")
                options.pages = static_cast<unsigned>(std::strtoul(value, nullptr, 10));
            else if (name == "--front")
                options.front = value;
            else
                return usage();
        }
    }
    if (options.front != "cpp" && options.front != "c" && options.front != "unfenced") return usage();
    if (options.expect_loss && std::thread::hardware_concurrency() < 2) {
        std::printf("SKIP: one processor reorders nothing that another could see\n");
        return 77;
    }
    return run(options);
}
