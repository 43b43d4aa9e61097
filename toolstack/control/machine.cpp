// SPDX-License-Identifier: Apache-2.0
#include "toolstack/control/machine.hpp"

#include <algorithm>

namespace xvm::control {
namespace {

using Kind = Action::Kind;

} // namespace

std::string_view name_of(State state) noexcept {
    switch (state) {
    case State::off:
        return "off";
    case State::starting:
        return "starting";
    case State::running:
        return "running";
    case State::stopping:
        return "stopping";
    }
    return "";
}

Error error_of(Why why) {
    const std::string object = "management service";
    switch (why) {
    case Why::too_many:
        return {Fault::exhausted, object, "too many requests wait already", "ask again in a moment"};
    case Why::start_failed:
        return {Fault::unreachable, object, "could not be started",
                "see xvmd's log; nothing was changed: ask again when it is mended"};
    case Why::start_slow:
        return {Fault::timeout, object, "was not ready in time", "nothing was changed: ask again"};
    case Why::died:
        return {Fault::unreachable, object, "ended while it had the request",
                "no guest was changed: ask again; xvmd's log says how it ended"};
    case Why::hung:
        return {Fault::timeout, object, "did not answer in time", "no guest was changed: ask again"};
    case Why::nonsense:
        return {Fault::failed, object, "answered nonsense, and was ended",
                "no guest was changed: ask again; xvmd's log says what was wrong"};
    case Why::none:
    case Why::ending:
        break;
    }
    return {Fault::unreachable, object, "xvmd is ending", "ask again when it has started"};
}

// --- what users want -----------------------------------------------------------------------------------

Actions Machine::request(Request_id id) {
    Actions actions;
    if (ending_) {
        actions.push_back({Kind::refuse, id, Why::ending});
        return actions;
    }
    if (waiting_.size() >= limits_.waiting_max) {
        actions.push_back({Kind::refuse, id, Why::too_many});
        return actions;
    }
    waiting_.push_back(id);
    if (state_ == State::off) start(actions);
    if (state_ == State::running) forward(actions);
    return actions;
}

Actions Machine::wake() {
    Actions actions;
    if (state_ == State::off && !ending_) start(actions);
    if (state_ == State::stopping) wanted_ = true;
    return actions;
}

Actions Machine::attach() {
    ++attached_;
    Actions actions = wake();
    if (state_ == State::running && under_way_.empty()) disarm(actions);
    return actions;
}

Actions Machine::detach() {
    Actions actions;
    if (attached_ > 0) --attached_;
    if (state_ == State::running && !has_work()) rest_or_watch(actions);
    return actions;
}

Result<Actions> Machine::stop() {
    Actions actions;
    if (state_ == State::off) return actions;
    if (state_ != State::running)
        return fail(Fault::busy, "management service", "is " + std::string(name_of(state_)),
                    "ask again in a moment");
    if (has_work())
        return fail(Fault::busy, "management service",
                    attached_ > 0 ? "a client is attached" : "has requests under way",
                    "it stops by itself when it is idle");
    state_ = State::stopping;
    actions.push_back({Kind::stop});
    arm(actions, limits_.stop);
    return actions;
}

Actions Machine::end() {
    Actions actions;
    ending_ = true;
    refuse_all(actions, waiting_, Why::ending);
    if (state_ == State::running && under_way_.empty()) {
        state_ = State::stopping;
        actions.push_back({Kind::stop});
        arm(actions, limits_.stop);
    } else if (state_ == State::starting || state_ == State::running) {
        force(actions, Why::ending);
    }
    return actions;
}

// --- what became of the service ------------------------------------------------------------------------

Actions Machine::ready(std::size_t credits) {
    if (state_ != State::starting) return nonsense();
    Actions actions;
    state_ = State::running;
    window_ = std::clamp<std::size_t>(credits, 1, limits_.window);
    forward(actions);
    if (under_way_.empty()) rest_or_watch(actions);
    return actions;
}

Actions Machine::answered(Request_id id) {
    const auto found = std::find(under_way_.begin(), under_way_.end(), id);
    if (found == under_way_.end()) return nonsense();
    Actions actions;
    under_way_.erase(found);
    actions.push_back({Kind::deliver, id});
    forward(actions);
    rest_or_watch(actions);
    return actions;
}

Actions Machine::nonsense() {
    Actions actions;
    if (state_ == State::starting || state_ == State::running)
        force(actions, Why::nonsense);
    else if (state_ == State::stopping)
        actions.push_back({Kind::force});
    return actions;
}

Actions Machine::ended() {
    Actions actions;
    if (state_ == State::off) return actions;
    // A start that failed would fail again for those that wait; what a later service may serve stays.
    if (state_ == State::starting) refuse_all(actions, waiting_, Why::start_failed);
    refuse_all(actions, under_way_, Why::died);
    state_ = State::off;
    disarm(actions);
    if (!ending_ && (!waiting_.empty() || wanted_)) start(actions);
    return actions;
}

Actions Machine::timer(std::uint64_t alarm) {
    Actions actions;
    if (!armed_ || alarm != alarm_) return actions;
    armed_ = false;
    switch (state_) {
    case State::off:
        break;
    case State::starting:
        force(actions, Why::start_slow);
        break;
    case State::running:
        if (!under_way_.empty()) {
            force(actions, Why::hung);
        } else {
            state_ = State::stopping;
            actions.push_back({Kind::stop});
            arm(actions, limits_.stop);
        }
        break;
    case State::stopping:
        actions.push_back({Kind::force});
        arm(actions, limits_.stop);
        break;
    }
    return actions;
}

// --- parts ---------------------------------------------------------------------------------------------

void Machine::start(Actions& actions) {
    state_ = State::starting;
    wanted_ = false;
    ++starts_;
    actions.push_back({Kind::start});
    arm(actions, limits_.start);
}

void Machine::forward(Actions& actions) {
    const bool was_at_rest = under_way_.empty();
    while (!waiting_.empty() && under_way_.size() < window_) {
        under_way_.push_back(waiting_.front());
        waiting_.pop_front();
        actions.push_back({Kind::forward, under_way_.back()});
    }
    if (was_at_rest && !under_way_.empty()) arm(actions, limits_.answer);
}

/// After a completion: the time until the next answer, or the time of rest, begins anew.
void Machine::rest_or_watch(Actions& actions) {
    if (!under_way_.empty())
        arm(actions, limits_.answer);
    else if (attached_ > 0)
        disarm(actions);
    else
        arm(actions, limits_.idle);
}

void Machine::refuse_all(Actions& actions, std::deque<Request_id>& requests, Why why) {
    for (const Request_id id : requests)
        actions.push_back({Kind::refuse, id, why});
    requests.clear();
}

/// Those that it had are told now; those that wait stay for the next service, unless this one never was.
void Machine::force(Actions& actions, Why why) {
    if (state_ == State::starting) refuse_all(actions, waiting_, why);
    refuse_all(actions, under_way_, why);
    state_ = State::stopping;
    actions.push_back({Kind::force});
    arm(actions, limits_.stop);
}

void Machine::arm(Actions& actions, std::chrono::milliseconds delay) {
    armed_ = true;
    actions.push_back({Kind::arm, 0, Why::none, ++alarm_, delay});
}

void Machine::disarm(Actions& actions) {
    if (!armed_) return;
    armed_ = false;
    actions.push_back({Kind::disarm});
}

bool Machine::has_work() const noexcept {
    return !under_way_.empty() || !waiting_.empty() || attached_ > 0;
}

} // namespace xvm::control
