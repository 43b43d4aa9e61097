// SPDX-License-Identifier: Apache-2.0
#include "toolstack/run/memory_flow.hpp"

#include <algorithm>
#include <thread>

namespace xvm::run {
namespace {

using Clock = std::chrono::steady_clock;
using port::Memory_progress;
using port::Memory_state;

constexpr std::uint64_t mebibyte = 1ULL << 20;
/// The first comes soon; each later offer wakes the guest and costs a request or two, so they come in lumps.
constexpr std::uint64_t first_offer_bytes = mebibyte;
constexpr std::uint64_t offer_bytes = 16 * mebibyte;
constexpr std::chrono::milliseconds shortest_pause{5};
constexpr std::chrono::milliseconds longest_pause{100};
/// Who gives less than this in that time stalls. A tenth of the whole time, within bounds.
constexpr std::uint64_t progress_bytes = 4 * mebibyte;
constexpr std::chrono::milliseconds shortest_stall{100}, longest_stall{5000};

std::string amount(std::uint64_t bytes) {
    return bytes % mebibyte == 0 ? std::to_string(bytes >> 20) + "MiB" : std::to_string(bytes >> 10) + "KiB";
}

class Run {
  public:
    Run(const Flow& flow, std::chrono::milliseconds limit, const Flow_hooks& hooks)
        : flow_(flow), limit_(limit), hooks_(hooks),
          stall_(std::clamp(limit / 10, shortest_stall, longest_stall)), given_(flow.givers.size()) {
        for (const Flow_end& giver : flow.givers)
            turns_.push_back({giver.to_bytes, giver.side.memory_bytes, Clock::now()});
    }

    Flow_outcome run() {
        outcome_.complete = go();
        return std::move(outcome_);
    }

  private:
    /// What a giver is to keep by now, and when it was last seen to get on.
    struct Turn {
        std::uint64_t to_bytes;
        std::uint64_t had_bytes;
        Clock::time_point since;
        bool is_out = false; ///< others give instead
    };

    Status go();
    Status look_at_givers();
    bool stalls(std::size_t giver);
    Result<bool> others_give(std::size_t giver);
    Status feed_taker();
    [[nodiscard]] bool over() const;
    [[nodiscard]] Status late() const;
    void pause();

    const Flow& flow_;
    const std::chrono::milliseconds limit_;
    const Flow_hooks& hooks_;
    const std::chrono::milliseconds stall_;
    std::vector<Memory_progress> given_;
    std::vector<Turn> turns_;
    Memory_progress took_;
    Flow_outcome outcome_;
    std::uint64_t offered_ = 0; ///< beyond what the taker had
    std::uint64_t seen_ = 0;    ///< released and taken, when it last changed
    std::chrono::milliseconds pause_ = shortest_pause;
};

Status Run::look_at_givers() {
    std::uint64_t released = 0;
    for (std::size_t i = 0; i < given_.size(); ++i) {
        const Flow_end& giver = flow_.givers[i];
        XVM_TRY_LET(given_[i], giver.engine->released(giver.side, turns_[i].to_bytes));
        if (turns_[i].is_out && given_[i].state != Memory_state::gone) given_[i].state = Memory_state::done;
        const bool refuses = given_[i].state == Memory_state::refused;
        bool is_replaced = false;
        if (refuses || stalls(i)) {
            XVM_TRY_LET(is_replaced, others_give(i));
        }
        const std::uint64_t has = std::max(given_[i].memory_bytes, turns_[i].to_bytes);
        released += giver.side.memory_bytes - std::min(has, giver.side.memory_bytes);
        if (!refuses || is_replaced) continue;
        const std::string words = given_[i].why.empty() ? "" : " (" + given_[i].why + ")";
        const std::string status =
            given_[i].status != 0 ? ", status " + std::to_string(given_[i].status) : "";
        return fail(Fault::exhausted, "domain '" + giver.name + "'",
                    "refuses to give memory" + words + status, "it needs it: take memory of another guest");
    }
    outcome_.released_bytes = released;
    if (hooks_.moved) hooks_.moved(released);
    return {};
}

bool Run::stalls(std::size_t giver) {
    Turn& turn = turns_[giver];
    const std::uint64_t has = given_[giver].memory_bytes;
    const Clock::time_point now = Clock::now();
    if (given_[giver].state == Memory_state::working && has + progress_bytes > turn.had_bytes)
        return now - turn.since >= stall_;
    turn.had_bytes = has;
    turn.since = now;
    return false;
}

/// It is asked no more and keeps what it has; false: the others cannot make up for it, and it is asked on.
Result<bool> Run::others_give(std::size_t giver) {
    Turn& turn = turns_[giver];
    turn.since = Clock::now();
    const std::uint64_t has = given_[giver].memory_bytes;
    std::uint64_t lacks = has - std::min(turn.to_bytes, has);
    const auto room = [&](std::size_t i) -> std::uint64_t {
        const Flow_end& other = flow_.givers[i];
        if (i == giver || turns_[i].is_out || other.least_bytes == 0 || other.step_bytes == 0) return 0;
        if (given_[i].state == Memory_state::gone) return 0;
        const std::uint64_t more = turns_[i].to_bytes - std::min(turns_[i].to_bytes, other.least_bytes);
        return more / other.step_bytes * other.step_bytes;
    };
    std::uint64_t rooms = 0;
    for (std::size_t i = 0; i < turns_.size(); ++i)
        rooms += room(i);
    if (lacks == 0 || rooms < lacks) return false;
    const Flow_end& late = flow_.givers[giver];
    XVM_TRY(late.engine->withdraw(late.side, has));
    turn.is_out = true;
    turn.to_bytes = has;
    for (std::size_t i = 0; i < turns_.size() && lacks > 0; ++i) {
        const Flow_end& other = flow_.givers[i];
        if (room(i) == 0) continue;
        const std::uint64_t steps = (lacks + other.step_bytes - 1) / other.step_bytes;
        const std::uint64_t more = std::min(room(i), steps * other.step_bytes);
        turns_[i].to_bytes -= more;
        turns_[i].since = Clock::now();
        lacks -= std::min(lacks, more);
        const Status asked = other.engine->ask(other.side, turns_[i].to_bytes);
        if (!asked && asked.error().fault != Fault::not_found) return tl::unexpected<Error>(asked.error());
        if (given_[i].state == Memory_state::done) given_[i].state = Memory_state::working;
    }
    given_[giver].state = Memory_state::done;
    return true;
}

Status Run::feed_taker() {
    if (!flow_.taker) return {};
    const Flow_end& taker = *flow_.taker;
    const std::uint64_t start = taker.side.memory_bytes;
    XVM_TRY_LET(took_, taker.engine->taken(taker.side, start + offered_));
    if (took_.state == Memory_state::gone)
        return fail(Fault::not_found, "domain '" + taker.name + "'", "ended before it had the memory",
                    "those who gave it have it back");
    if (took_.state == Memory_state::refused)
        return fail(Fault::exhausted, "domain '" + taker.name + "'",
                    "takes no memory" + (took_.why.empty() ? "" : " (" + took_.why + ")"),
                    "give it to another guest");
    outcome_.taken_bytes = took_.memory_bytes - std::min(took_.memory_bytes, start);
    const std::uint64_t wanted = taker.to_bytes - start;
    const std::uint64_t there = std::min(wanted, flow_.free_bytes + outcome_.released_bytes);
    if (there <= offered_) return {};
    const std::uint64_t lump = offered_ == 0 ? first_offer_bytes : offer_bytes;
    // Who gives slowly is waited for only so long.
    if (there != wanted && there - offered_ < lump && pause_ < longest_pause / 2) return {};
    const Status offered = taker.engine->offer(taker.side, start + there);
    // A giver that died is free page by page.
    if (!offered && offered.error().fault == Fault::exhausted) return {};
    if (offered) offered_ = there;
    return offered;
}

bool Run::over() const {
    const bool given = std::all_of(given_.begin(), given_.end(), [](const Memory_progress& one) {
        return one.state == Memory_state::done || one.state == Memory_state::gone;
    });
    if (!given) return false;
    // It may own a block, and not have said yet that it uses it.
    return !flow_.taker || (took_.state == Memory_state::done &&
                            outcome_.taken_bytes >= flow_.taker->to_bytes - flow_.taker->side.memory_bytes);
}

Status Run::late() const {
    const std::string within = " within " + std::to_string(limit_.count()) + " ms";
    for (std::size_t i = 0; i < given_.size(); ++i) {
        const Flow_end& giver = flow_.givers[i];
        if (given_[i].state != Memory_state::working) continue;
        const std::uint64_t gave =
            giver.side.memory_bytes - std::min(given_[i].memory_bytes, giver.side.memory_bytes);
        return fail(Fault::timeout, "domain '" + giver.name + "'",
                    "gave " + amount(gave) + " of " + amount(giver.side.memory_bytes - turns_[i].to_bytes) +
                        within,
                    "its driver is not there, or it needs its memory; allow more time with --timeout");
    }
    return fail(Fault::timeout, "domain '" + flow_.taker->name + "'",
                "took " + amount(outcome_.taken_bytes) + " of " +
                    amount(flow_.taker->to_bytes - flow_.taker->side.memory_bytes) + within,
                "its driver is not there, or its kernel cannot grow; allow more time with --timeout");
}

void Run::pause() {
    const std::uint64_t sum = outcome_.released_bytes + outcome_.taken_bytes;
    pause_ =
        sum != seen_ ? shortest_pause : std::min(longest_pause, pause_ + pause_ / 4 + shortest_pause / 5);
    seen_ = sum;
    if (hooks_.pause) return hooks_.pause(pause_);
    std::this_thread::sleep_for(pause_);
}

Status Run::go() {
    const Clock::time_point deadline = Clock::now() + limit_;
    for (const Flow_end& giver : flow_.givers) {
        if (giver.to_bytes >= giver.side.memory_bytes) continue; // it may stand in for another
        Status asked = giver.engine->ask(giver.side, giver.to_bytes);
        if (!asked && asked.error().fault != Fault::not_found) return asked;
    }
    for (;;) {
        XVM_TRY(look_at_givers());
        XVM_TRY(feed_taker());
        if (over()) return {};
        if (Clock::now() >= deadline) return late();
        // The caller's time is this one's, begun a little earlier: who is late is said here.
        if (Status on = hooks_.go_on ? hooks_.go_on() : Status{}; !on)
            return on.error().fault == Fault::timeout ? late() : on;
        pause();
    }
}

} // namespace

Flow_outcome run_flow(const Flow& flow, std::chrono::milliseconds limit, const Flow_hooks& hooks) {
    return Run(flow, limit, hooks).run();
}

} // namespace xvm::run
