// SPDX-License-Identifier: Apache-2.0
// [H-13] Whoever dies in the midst of a handover, at each call to the host and after each step: source,
// target, xvmd, and two of them. The device runs in one guest or is held with a reason; no page is missing.
#include "tests/unit/toolstack/run/direct_world.hpp"

using namespace xvm;
using namespace xvm::tests;
using World = Direct_world;

namespace {

constexpr std::int64_t limit_ms = 200; ///< a guest that is dead is waited for, where nobody has seen it die

/// How many calls to the host a move makes.
unsigned calls_of_move() {
    World world;
    world.give_to_a();
    port::faulty::Plan faults;
    port::faulty::Faulty_direct direct(world.ledger, faults);
    REQUIRE(world.run(plan::plan_direct_move(world.order(true, true)), direct));
    return faults.calls();
}

/// `die` before the 1st, 2nd, 3rd … of them.
void die_at_each_call(const std::function<void(World&)>& die) {
    const unsigned calls = calls_of_move();
    for (unsigned call = 1; call <= calls; ++call) {
        World world;
        world.give_to_a();
        port::faulty::Plan faults;
        faults.before(call, [&] { die(world); });
        port::faulty::Faulty_direct direct(world.ledger, faults);
        INFO("before call " << call);
        static_cast<void>(world.run(plan::plan_direct_move(world.order(true, true, limit_ms)), direct));
        world.check_whole();
    }
}

struct Death {};

/// xvmd dies after the step, as SIGKILL would have it: the journal stays. Whoever dies with it: `others`.
void die_after(World& world, const plan::Plan& plan, const std::string& step,
               const std::function<void(World&)>& others) {
    run::Hooks hooks;
    hooks.after = [&](const plan::Step& done) -> Status {
        if (done.name != step) return {};
        world.machine.keep_journal();
        throw Death{};
    };
    try {
        static_cast<void>(world.run(plan, world.ledger, hooks));
        FAIL("no such step");
    } catch (const Death&) {
        world.machine.put_journal_back();
    }
    others(world);
    world.recover();
}

void nobody_else(World& /*world*/) {}
void kill_a(World& world) {
    world.kill(world.guest_a, world.a);
}
void kill_b(World& world) {
    world.kill(world.guest_b, world.b);
}
void kill_both(World& world) {
    kill_a(world);
    kill_b(world);
}

/// After each step of a move.
void die_after_each(const std::function<void(World&)>& others) {
    for (const plan::Step& step : plan::plan_direct_move({}).steps) {
        INFO("xvmd dies after " << step.name);
        World world;
        world.give_to_a();
        die_after(world, plan::plan_direct_move(world.order(true, true, limit_ms)), step.name, others);
        world.check_whole();
    }
}

} // namespace

TEST_CASE("The source dies before any call of a move: the device is the target's, or held [H-13]",
          "[handover]") {
    die_at_each_call(kill_a);
}

TEST_CASE("The target dies before any call of a move: the device is the source's, or held [H-13]",
          "[handover]") {
    die_at_each_call(kill_b);
}

TEST_CASE("Both die before any call of a move: the device is held [H-13]", "[handover]") {
    die_at_each_call(kill_both);
}

TEST_CASE("xvmd dies after any step of a move: the next one undoes or finishes [H-13]", "[handover]") {
    die_after_each(nobody_else);
}

TEST_CASE("xvmd dies after any step of a move, and the source with it [H-13]", "[handover]") {
    die_after_each(kill_a);
}

TEST_CASE("xvmd dies after any step of a move, and the target with it [H-13]", "[handover]") {
    die_after_each(kill_b);
}

TEST_CASE("xvmd dies after any step of an assignment or a release [H-13]", "[handover]") {
    for (const plan::Step& step : plan::plan_direct_assign({}).steps) {
        INFO("xvmd dies after " << step.name << " of an assignment");
        World world;
        die_after(world, plan::plan_direct_assign(world.order(false, true)), step.name, nobody_else);
        world.check_whole();
    }
    World example;
    plan::Direct_order order = example.order(true, false);
    order.to_host = true;
    for (const plan::Step& step : plan::plan_direct_release(order).steps) {
        INFO("xvmd dies after " << step.name << " of a release");
        World world;
        world.give_to_a();
        plan::Direct_order back = world.order(true, false);
        back.to_host = true;
        die_after(world, plan::plan_direct_release(back), step.name, nobody_else);
        world.check_whole();
    }
}
