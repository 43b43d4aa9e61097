// SPDX-License-Identifier: Apache-2.0
// [S-4] [S-12] [S-15] [S-16] [S-17] [S-21] The control machine, one step after the other.
#include "toolstack/control/machine.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace xvm;
using namespace xvm::control;
using Kind = Action::Kind;

namespace {

Limits small() {
    Limits limits;
    limits.waiting_max = 3;
    limits.window = 2;
    return limits;
}

std::vector<Request_id> ids(const Actions& actions, Kind kind) {
    std::vector<Request_id> found;
    for (const Action& action : actions)
        if (action.kind == kind) found.push_back(action.id);
    return found;
}

std::size_t count(const Actions& actions, Kind kind) {
    return ids(actions, kind).size();
}

Why why_of(const Actions& actions, Request_id id) {
    for (const Action& action : actions)
        if (action.kind == Kind::refuse && action.id == id) return action.why;
    return Why::none;
}

/// The newest alarm among the actions, which must be of that length.
std::uint64_t alarm(const Actions& actions, std::chrono::milliseconds delay) {
    std::uint64_t newest = 0;
    std::chrono::milliseconds its_delay{};
    for (const Action& action : actions)
        if (action.kind == Kind::arm) {
            newest = action.alarm;
            its_delay = action.delay;
        }
    REQUIRE(newest != 0);
    CHECK(its_delay == delay);
    return newest;
}

/// RUNNING, with nothing to do; the idle alarm's number.
std::uint64_t run(Machine& machine) {
    CHECK(count(machine.wake(), Kind::start) == 1);
    return alarm(machine.ready(8), machine.limits().idle);
}

using Ids = std::vector<Request_id>;

} // namespace

TEST_CASE("[S-15] [S-17] requests that come while it starts wait for one start, and go in order") {
    Machine machine(small());
    CHECK(machine.state() == State::off);
    CHECK(count(machine.request(1), Kind::start) == 1);
    CHECK(machine.state() == State::starting);
    CHECK(machine.request(2).empty());
    CHECK(machine.wake().empty());
    const Actions actions = machine.ready(8);
    CHECK(ids(actions, Kind::forward) == Ids{1, 2});
    CHECK(machine.state() == State::running);
    CHECK(ids(machine.answered(1), Kind::deliver) == Ids{1});
    CHECK(ids(machine.answered(2), Kind::deliver) == Ids{2});
    CHECK(count(machine.request(3), Kind::start) == 0);
    CHECK(machine.starts() == 1);
}

TEST_CASE("no more requests are under way than the service gave credits for, nor than the window") {
    Machine machine(small());
    static_cast<void>(machine.request(1));
    static_cast<void>(machine.request(2));
    static_cast<void>(machine.request(3));
    SECTION("its credits") {
        CHECK(ids(machine.ready(1), Kind::forward) == Ids{1});
        CHECK(ids(machine.answered(1), Kind::forward) == Ids{2});
    }
    SECTION("the window") {
        CHECK(ids(machine.ready(1000), Kind::forward) == Ids{1, 2});
    }
    SECTION("a service that takes none is given one at a time") {
        CHECK(ids(machine.ready(0), Kind::forward) == Ids{1});
    }
}

TEST_CASE("what is more than the queue takes is refused at once, and starts nothing more") {
    Machine machine(small());
    for (Request_id id = 1; id <= 3; ++id)
        CHECK(count(machine.request(id), Kind::refuse) == 0);
    CHECK(why_of(machine.request(4), 4) == Why::too_many);
    CHECK(machine.waiting() == 3);
    CHECK(machine.starts() == 1);
    CHECK(error_of(Why::too_many).fault == Fault::exhausted);
}

TEST_CASE(
    "[S-4] [S-16] it is stopped after the time of rest, counted from the start and from each completion") {
    Machine machine(small());
    const std::uint64_t first = run(machine);
    SECTION("for a request that never comes") {
        const Actions actions = machine.timer(first);
        CHECK(count(actions, Kind::stop) == 1);
        alarm(actions, machine.limits().stop);
        CHECK(machine.state() == State::stopping);
    }
    SECTION("a request puts it off") {
        alarm(machine.request(1), machine.limits().answer);
        const std::uint64_t second = alarm(machine.answered(1), machine.limits().idle);
        CHECK(machine.timer(first).empty());
        CHECK(count(machine.timer(second), Kind::stop) == 1);
    }
}

TEST_CASE("[S-21] an alarm that was on its way when a request came stops nothing") {
    Machine machine(small());
    const std::uint64_t idle = run(machine);
    CHECK(ids(machine.request(1), Kind::forward) == Ids{1});
    CHECK(machine.timer(idle).empty());
    CHECK(machine.state() == State::running);
    CHECK(ids(machine.answered(1), Kind::deliver) == Ids{1});
}

TEST_CASE("[S-21] requests that come while it stops are served by the next, started when this one is gone") {
    Machine machine(small());
    static_cast<void>(machine.timer(run(machine)));
    CHECK(machine.request(1).empty());
    CHECK(machine.request(2).empty());
    const Actions actions = machine.ended();
    CHECK(count(actions, Kind::start) == 1);
    CHECK(count(actions, Kind::refuse) == 0);
    CHECK(machine.state() == State::starting);
    CHECK(ids(machine.ready(8), Kind::forward) == Ids{1, 2});
    CHECK(machine.starts() == 2);
}

TEST_CASE("whoever wakes it while it stops gets another") {
    Machine machine(small());
    static_cast<void>(machine.timer(run(machine)));
    CHECK(machine.wake().empty());
    CHECK(count(machine.ended(), Kind::start) == 1);
    // Once.
    static_cast<void>(machine.ended());
    CHECK(machine.state() == State::off);
}

TEST_CASE("one that does not stop is ended by force, again and again") {
    Machine machine(small());
    Actions actions = machine.timer(run(machine));
    for (int attempt = 0; attempt < 3; ++attempt) {
        actions = machine.timer(alarm(actions, machine.limits().stop));
        CHECK(count(actions, Kind::force) == 1);
        CHECK(machine.state() == State::stopping);
    }
    CHECK(count(machine.ended(), Kind::disarm) == 1);
    CHECK(machine.state() == State::off);
}

TEST_CASE("a start that fails is told to all that wait, and nothing is tried again by itself") {
    Machine machine(small());
    static_cast<void>(machine.request(1));
    static_cast<void>(machine.request(2));
    SECTION("it ends before it is ready") {
        const Actions actions = machine.ended();
        CHECK(ids(actions, Kind::refuse) == Ids{1, 2});
        CHECK(why_of(actions, 2) == Why::start_failed);
        CHECK(count(actions, Kind::start) == 0);
    }
    SECTION("it is not ready in time") {
        Machine slow(small());
        const Actions started = slow.request(1);
        const Actions actions = slow.timer(alarm(started, slow.limits().start));
        CHECK(why_of(actions, 1) == Why::start_slow);
        CHECK(count(actions, Kind::force) == 1);
        CHECK(slow.state() == State::stopping);
        // It gets ready while it is being ended.
        CHECK(count(slow.ready(8), Kind::forward) == 0);
        CHECK(slow.ended() == Actions{{Kind::disarm}});
        CHECK(slow.state() == State::off);
    }
}

TEST_CASE("[S-21] killed with requests under way: they are told, and those that wait get the next service") {
    Machine machine(small());
    for (Request_id id = 1; id <= 3; ++id)
        static_cast<void>(machine.request(id));
    static_cast<void>(machine.ready(8));
    const Actions actions = machine.ended();
    CHECK(ids(actions, Kind::refuse) == Ids{1, 2});
    CHECK(why_of(actions, 1) == Why::died);
    CHECK(count(actions, Kind::start) == 1);
    CHECK(ids(machine.ready(8), Kind::forward) == Ids{3});
    CHECK(ids(machine.answered(3), Kind::deliver) == Ids{3});
}

TEST_CASE("one that hangs is ended; its late answer reaches nobody") {
    Machine machine(small());
    static_cast<void>(machine.request(1));
    const Actions actions = machine.timer(alarm(machine.ready(8), machine.limits().answer));
    CHECK(why_of(actions, 1) == Why::hung);
    CHECK(count(actions, Kind::force) == 1);
    CHECK(count(machine.answered(1), Kind::deliver) == 0);
}

TEST_CASE("each answer gives the others new time") {
    Machine machine(small());
    static_cast<void>(machine.request(1));
    static_cast<void>(machine.request(2));
    const std::uint64_t first = alarm(machine.ready(8), machine.limits().answer);
    alarm(machine.answered(1), machine.limits().answer);
    CHECK(machine.timer(first).empty());
}

TEST_CASE("an answer to what was not asked is nonsense, and the end of it") {
    Machine machine(small());
    static_cast<void>(machine.request(1));
    static_cast<void>(machine.ready(8));
    SECTION("never asked") {
        CHECK(why_of(machine.answered(7), 1) == Why::nonsense);
    }
    SECTION("asked once, answered twice") {
        static_cast<void>(machine.answered(1));
        const Actions actions = machine.answered(1);
        CHECK(count(actions, Kind::deliver) == 0);
        CHECK(count(actions, Kind::force) == 1);
    }
    SECTION("ready a second time") {
        CHECK(count(machine.ready(1), Kind::force) == 1);
    }
    CHECK(machine.state() == State::stopping);
}

TEST_CASE("while a client is attached it neither stops by itself nor when it is told") {
    Machine machine(small());
    CHECK(count(machine.attach(), Kind::start) == 1);
    CHECK(count(machine.ready(8), Kind::arm) == 0);
    REQUIRE_FALSE(machine.stop());
    CHECK(machine.stop().error().fault == Fault::busy);
    const Actions asked = machine.request(1);
    CHECK(machine.timer(alarm(asked, machine.limits().answer) + 1).empty());
    CHECK(count(machine.answered(1), Kind::disarm) == 1);
    const std::uint64_t idle = alarm(machine.detach(), machine.limits().idle);
    CHECK(count(machine.timer(idle), Kind::stop) == 1);
}

TEST_CASE("somebody who attaches to an idle one takes its alarm away") {
    Machine machine(small());
    const std::uint64_t idle = run(machine);
    CHECK(count(machine.attach(), Kind::disarm) == 1);
    CHECK(machine.timer(idle).empty());
    CHECK(machine.state() == State::running);
}

TEST_CASE("told to stop, it does when it has nothing to do") {
    Machine machine(small());
    CHECK(machine.stop()->empty());
    static_cast<void>(machine.request(1));
    CHECK_FALSE(machine.stop()); // starting
    static_cast<void>(machine.ready(8));
    CHECK_FALSE(machine.stop()); // busy
    static_cast<void>(machine.answered(1));
    CHECK(count(*machine.stop(), Kind::stop) == 1);
    CHECK_FALSE(machine.stop()); // stopping
}

TEST_CASE("when xvmd ends nothing is started any more, and nobody waits") {
    Machine machine(small());
    SECTION("idle") {
        run(machine);
        CHECK(count(machine.end(), Kind::stop) == 1);
    }
    SECTION("at work") {
        for (Request_id id = 1; id <= 3; ++id)
            static_cast<void>(machine.request(id));
        static_cast<void>(machine.ready(8));
        const Actions actions = machine.end();
        CHECK(count(actions, Kind::refuse) == 3);
        CHECK(count(actions, Kind::force) == 1);
    }
    CHECK(why_of(machine.request(9), 9) == Why::ending);
    CHECK(machine.wake().empty());
    CHECK(count(machine.ended(), Kind::start) == 0);
    CHECK(machine.state() == State::off);
}
