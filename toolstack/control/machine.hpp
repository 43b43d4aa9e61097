// SPDX-License-Identifier: Apache-2.0
// When the service runs: OFF, STARTING, RUNNING, STOPPING. Pure: told what happened, it says what to do.
// Whether the service is a process or a domain, and what a request is, it does not know (docs/service.md).
//
// Invariant: at most one service at a time, and one start however many requests wait. Requests are handed
// over in the order they came, and each ends exactly once: delivered or refused. The service is never asked
// to stop, and never idle, with a call under way or a client attached; idle time counts from the start and
// anew from each completion. Both queues are bounded. tests/model/control.pml is this machine without its
// numbers.
#pragma once

#include "libvmshare/base/result.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

namespace xvm::control {

enum class State : std::uint8_t { off, starting, running, stopping };
[[nodiscard]] std::string_view name_of(State state) noexcept; ///< "off"

using Request_id = std::uint64_t;

/// Why a request is not served.
enum class Why : std::uint8_t {
    none,
    too_many,     ///< wait already
    start_failed, ///< could not be started, or ended before it was ready
    start_slow,   ///< was not ready in time
    died,         ///< ended with the request under way
    hung,         ///< answered nothing in time
    nonsense,     ///< answered what is no answer
    ending,       ///< whoever runs the machine ends
};
/// What the requester is told.
[[nodiscard]] Error error_of(Why why);

struct Action {
    enum class Kind : std::uint8_t {
        start,   ///< make the service
        stop,    ///< ask it to end
        force,   ///< end it, whatever it does
        forward, ///< hand the request over
        deliver, ///< the request's answer is the requester's
        refuse,  ///< tell the requester `why`
        arm,     ///< call timer(alarm) after `delay`, and no other alarm
        disarm,  ///< no alarm
    };
    Kind kind;
    Request_id id = 0;
    Why why = Why::none;
    std::uint64_t alarm = 0;
    std::chrono::milliseconds delay{};
    bool operator==(const Action&) const = default;
};
using Actions = std::vector<Action>; ///< to be done in order

struct Limits {
    std::chrono::milliseconds idle = std::chrono::minutes(1);    ///< without work, until it is stopped
    std::chrono::milliseconds start = std::chrono::seconds(10);  ///< until it is ready
    std::chrono::milliseconds answer = std::chrono::seconds(10); ///< between two answers while calls wait
    std::chrono::milliseconds stop = std::chrono::seconds(5);    ///< until it is gone; then by force
    std::size_t waiting_max = 256;                               ///< requests not handed over yet
    std::size_t window = 16;                                     ///< requests under way at once
};

class Machine {
  public:
    explicit Machine(Limits limits) : limits_(limits) {}

    // What users want.
    [[nodiscard]] Actions request(Request_id id);
    /// With no request: at power-on, or because somebody says so.
    [[nodiscard]] Actions wake();
    /// A client that stays, such as a page that is open; it wakes the service, too.
    [[nodiscard]] Actions attach();
    [[nodiscard]] Actions detach();
    /// busy: it has work, or is on its way up or down. Nothing to do when it is off.
    [[nodiscard]] Result<Actions> stop();
    /// For good: what waits is refused, and nothing is started any more.
    [[nodiscard]] Actions end();

    // What became of the service.
    /// It answers; `credits`: how many requests it takes at once (0 counts as 1).
    [[nodiscard]] Actions ready(std::size_t credits);
    /// It has answered that request. One that is not under way is nonsense, and treated so.
    [[nodiscard]] Actions answered(Request_id id);
    /// It said what nobody can understand.
    [[nodiscard]] Actions nonsense();
    /// It is gone, and all that it had is released; also: it could not be made.
    [[nodiscard]] Actions ended();
    /// The alarm of that number. One that was armed anew since is ignored: it was on its way.
    [[nodiscard]] Actions timer(std::uint64_t alarm);

    [[nodiscard]] State state() const noexcept { return state_; }
    [[nodiscard]] std::size_t waiting() const noexcept { return waiting_.size(); }
    [[nodiscard]] std::size_t under_way() const noexcept { return under_way_.size(); }
    [[nodiscard]] std::size_t attached() const noexcept { return attached_; }
    [[nodiscard]] std::uint64_t starts() const noexcept { return starts_; }
    [[nodiscard]] const Limits& limits() const noexcept { return limits_; }

  private:
    void start(Actions& actions);
    void forward(Actions& actions);
    void rest_or_watch(Actions& actions);
    void refuse_all(Actions& actions, std::deque<Request_id>& requests, Why why);
    void force(Actions& actions, Why why);
    void arm(Actions& actions, std::chrono::milliseconds delay);
    void disarm(Actions& actions);
    [[nodiscard]] bool has_work() const noexcept;

    Limits limits_;
    State state_ = State::off;
    bool ending_ = false;
    bool wanted_ = false; ///< somebody woke it while it was on its way down
    std::deque<Request_id> waiting_;
    std::deque<Request_id> under_way_;
    std::size_t window_ = 1;
    std::size_t attached_ = 0;
    std::uint64_t alarm_ = 0; ///< the number of the newest; rises
    bool armed_ = false;
    std::uint64_t starts_ = 0;
};

} // namespace xvm::control
