// SPDX-License-Identifier: Apache-2.0
// [S-4] [S-15] [S-17] [S-21] A thousand seeded arrival traces against services that are good, slow, hung, mad
// or mortal: never two at once, never a stop with work, all answered once. The broken twin, in which an alarm
// that was on its way counts as the newest, is caught.
#include "toolstack/control/machine.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <optional>
#include <random>

using namespace xvm::control;
using Kind = Action::Kind;
using std::chrono::milliseconds;

namespace {

constexpr unsigned traces = 1000;

enum class World { good, wild };
enum class Twin { none, stale_alarms };

/// One trace: a clock of its own, events in its order, and of those due at once any one first.
class Trace {
  public:
    Trace(unsigned seed, World world, Twin twin)
        : random_(seed), world_(world), twin_(twin), machine_(limits()) {}

    /// What was wrong first; empty: nothing.
    std::string run() {
        arrivals();
        while (!events_.empty() && wrong_.empty()) {
            auto [first, last] = events_.equal_range(events_.begin()->first);
            const auto at = std::next(first, pick(0, static_cast<int>(std::distance(first, last)) - 1));
            now_ = at->first;
            const Event event = at->second;
            events_.erase(at);
            happen(event);
        }
        if (!wrong_.empty()) return wrong_;
        for (const auto& [id, times] : ends_)
            if (times != 1)
                return "request " + std::to_string(id) + " ended " + std::to_string(times) + " times";
        if (machine_.state() != State::off || alive_) return "not off at the end";
        return {};
    }
    [[nodiscard]] unsigned refused() const { return refused_; }
    [[nodiscard]] std::uint64_t starts() const { return machine_.starts(); }

  private:
    enum class What { request, attach, detach, wake, ready, answer, die, gone, alarm, babble };
    struct Event {
        What what;
        std::uint64_t number = 0; ///< of the request, or of the alarm
        unsigned life = 0;        ///< of which service
    };

    static Limits limits() {
        Limits limits;
        limits.idle = milliseconds(50);
        limits.start = milliseconds(30);
        limits.answer = milliseconds(30);
        limits.stop = milliseconds(20);
        limits.waiting_max = 200;
        limits.window = 4;
        return limits;
    }
    int pick(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
    bool seldom() { return world_ == World::wild && pick(0, 9) == 0; }
    void later(int delay, Event event) { events_.emplace(now_ + delay, event); }

    void arrivals() {
        int at = 0;
        const int spread = pick(0, 3) * 30; // flocks, or some apart, around the time of rest
        for (std::uint64_t id = 1; id <= 60; ++id) {
            at += pick(0, 3) == 0 ? pick(0, spread) : pick(0, 1);
            events_.emplace(at, Event{What::request, id});
            ends_[id] = 0;
            if (pick(0, 15) == 0) {
                events_.emplace(at + pick(0, 60), Event{What::attach});
                events_.emplace(at + 60 + pick(0, 60), Event{What::detach});
            }
            if (pick(0, 20) == 0) events_.emplace(at + pick(0, 100), Event{What::wake});
        }
    }

    void happen(const Event& event) {
        const bool of_this_life = alive_ && event.life == lives_;
        switch (event.what) {
        case What::request:
            order_[event.number] = ++asked_;
            return carry_out(machine_.request(event.number));
        case What::attach:
            ++attached_;
            return carry_out(machine_.attach());
        case What::detach:
            --attached_;
            rested_since_ = now_;
            return carry_out(machine_.detach());
        case What::wake:
            return carry_out(machine_.wake());
        case What::ready:
            if (of_this_life) {
                rested_since_ = now_;
                carry_out(machine_.ready(static_cast<std::size_t>(pick(0, 6))));
            }
            return;
        case What::answer:
            if (of_this_life && under_way_.erase(event.number) == 1) {
                rested_since_ = now_;
                carry_out(machine_.answered(event.number));
            }
            return;
        case What::babble:
            if (of_this_life) carry_out(pick(0, 1) == 0 ? machine_.nonsense() : machine_.answered(100000));
            return;
        case What::die:
        case What::gone:
            if (!of_this_life) return;
            alive_ = false;
            under_way_.clear();
            return carry_out(machine_.ended());
        case What::alarm:
            if (event.number != armed_) {
                // Taken back when it was on its way already.
                if (pick(0, 3) != 0) return;
            }
            return carry_out(machine_.timer(twin_ == Twin::stale_alarms ? newest_ : event.number));
        }
    }

    void carry_out(const Actions& actions) {
        for (const Action& action : actions)
            carry_out(action);
        if (alive_ && machine_.under_way() > limits().window) wrong_ = "more under way than the window";
    }

    void carry_out(const Action& action) {
        switch (action.kind) {
        case Kind::start:
            return start();
        case Kind::stop:
            if (!under_way_.empty()) wrong_ = "stopped with a call under way";
            if (attached_ > 0) wrong_ = "stopped with a client attached";
            if (now_ - rested_since_ < limits().idle.count())
                wrong_ = "stopped before its time of rest was over";
            if (!seldom()) later(pick(0, 15), {What::gone, 0, lives_});
            return;
        case Kind::force:
            if (world_ == World::good) wrong_ = "a good service was ended by force";
            if (!seldom()) later(pick(0, 5), {What::gone, 0, lives_});
            return;
        case Kind::forward:
            return forward(action.id);
        case Kind::deliver:
            ++ends_[action.id];
            return;
        case Kind::refuse:
            ++ends_[action.id];
            ++refused_;
            return;
        case Kind::arm:
            newest_ = armed_ = action.alarm;
            return later(static_cast<int>(action.delay.count()), {What::alarm, action.alarm});
        case Kind::disarm:
            armed_ = 0;
            return;
        }
    }

    void start() {
        if (alive_) wrong_ = "two services at once";
        alive_ = true;
        ++lives_;
        under_way_.clear();
        const int fate = world_ == World::good ? 5 : pick(0, 9);
        if (fate == 0) return;                                           // never ready
        if (fate == 1) return later(pick(0, 9), {What::die, 0, lives_}); // before it is, or after
        later(pick(0, 25), {What::ready, 0, lives_});
        if (fate == 2) later(pick(0, 150), {What::die, 0, lives_});
        if (fate == 3) later(pick(0, 150), {What::babble, 0, lives_});
    }

    void forward(Request_id id) {
        if (!alive_) wrong_ = "handed over to nobody";
        if (order_[id] <= last_forwarded_) wrong_ = "out of order, or twice";
        last_forwarded_ = order_[id];
        under_way_.insert({id, true});
        if (!seldom()) later(pick(0, 6), {What::answer, id, lives_});
    }

    std::mt19937 random_;
    World world_;
    Twin twin_;
    Machine machine_;
    std::multimap<int, Event> events_;
    std::map<std::uint64_t, unsigned> ends_;
    std::map<Request_id, bool> under_way_;
    std::string wrong_;
    int now_ = 0;
    int rested_since_ = 0;
    int attached_ = 0;
    bool alive_ = false;
    unsigned lives_ = 0;
    unsigned refused_ = 0;
    std::map<Request_id, unsigned> order_; ///< in which they came
    unsigned asked_ = 0;
    unsigned last_forwarded_ = 0;
    std::uint64_t armed_ = 0;
    std::uint64_t newest_ = 0;
};

} // namespace

TEST_CASE(
    "[S-15] [S-17] a good service answers every request of a thousand traces once, whatever the moment") {
    std::uint64_t starts = 0;
    for (unsigned seed = 1; seed <= traces; ++seed) {
        Trace trace(seed, World::good, Twin::none);
        INFO("seed " << seed);
        REQUIRE(trace.run() == "");
        REQUIRE(trace.refused() == 0);
        starts += trace.starts();
    }
    CHECK(starts > traces); // many are stopped and started again on the way
}

TEST_CASE(
    "[S-21] with services that die, hang and babble every request of a thousand traces still ends once") {
    unsigned refused = 0;
    for (unsigned seed = 1; seed <= traces; ++seed) {
        Trace trace(seed, World::wild, Twin::none);
        INFO("seed " << seed);
        REQUIRE(trace.run() == "");
        refused += trace.refused();
    }
    CHECK(refused > 0);
}

TEST_CASE("a machine that takes an old alarm for its newest is caught by the traces") {
    unsigned caught = 0;
    for (unsigned seed = 1; seed <= traces; ++seed)
        caught += !Trace(seed, World::good, Twin::stale_alarms).run().empty();
    CHECK(caught > 0);
}
