// SPDX-License-Identifier: Apache-2.0
#include "toolstack/run/engine.hpp"

#include <catch2/catch.hpp>
#include <set>

using namespace xvm;
using namespace xvm::run;

namespace {

/// Notes what it is asked for; fails where it is told to.
class Notes final : public Executor {
  public:
    std::vector<std::string> log;
    std::string apply_fails;
    std::set<std::string> undo_fails;

    Status apply(const plan::Step& step) override {
        log.push_back(step.name);
        return step.name == apply_fails ? Status(fail(Fault::exhausted, "memory", "is short")) : Status{};
    }
    Status undo(const plan::Step& step) override {
        log.push_back(step.undo);
        return undo_fails.contains(step.undo) ? Status(fail(Fault::failed, step.undo, "is stuck")) : Status{};
    }
};

plan::Plan abcd() {
    plan::Plan plan{"test", "web", Uuid{}, plan::never, {}};
    plan.add("op", "a", "-a");
    plan.add("op", "b");
    plan.add("op", "c", "-c");
    plan.add("op", "d", "-d");
    return plan;
}

Status run_steps(const plan::Plan& plan, Executor& executor, const Hooks& hooks = {}) {
    return run_plan(plan, executor, nullptr, hooks);
}

} // namespace

TEST_CASE("Steps run in order, and nothing is undone when all succeed") {
    Notes notes;
    CHECK(run_steps(abcd(), notes));
    CHECK(notes.log == std::vector<std::string>{"a", "b", "c", "d"});
}

TEST_CASE("A failing step is undone with all before it, last first") {
    Notes notes;
    notes.apply_fails = "c";
    const Status done = run_steps(abcd(), notes);
    REQUIRE_FALSE(done);
    CHECK(done.error().line() == "memory: is short");
    CHECK(notes.log == std::vector<std::string>{"a", "b", "c", "-c", "-a"});
}

TEST_CASE("An undo that fails stops no other, and what stays behind is named") {
    Notes notes;
    notes.apply_fails = "d";
    notes.undo_fails = {"-c"};
    const Status done = run_steps(abcd(), notes);
    REQUIRE_FALSE(done);
    CHECK(done.error().fault == Fault::leftovers);
    CHECK(done.error().cause.find("is short") != std::string::npos);
    CHECK(done.error().cause.find("-c: is stuck") != std::string::npos);
    CHECK(notes.log == std::vector<std::string>{"a", "b", "c", "d", "-d", "-c", "-c", "-c", "-a"});
}

TEST_CASE("A fault injected after a step undoes that step too, and watchers see it all") {
    Notes notes;
    std::string seen;
    Hooks hooks;
    hooks.after = [](const plan::Step& step) -> Status {
        return step.name == "c" ? Status(fail(Fault::failed, "c", "on purpose")) : Status{};
    };
    hooks.progress = [&](const plan::Step& step, Phase phase) {
        seen += step.name + std::to_string(static_cast<int>(phase)) + " ";
    };
    CHECK_FALSE(run_steps(abcd(), notes, hooks));
    CHECK(notes.log == std::vector<std::string>{"a", "b", "c", "-c", "-a"});
    CHECK(seen == "a0 a1 b0 b1 c0 c2 c3 a3 ");
}

TEST_CASE("From the commit on nothing turns back: what is left is done, and what failed is told") {
    Notes notes;
    notes.apply_fails = "c";
    plan::Plan plan = abcd();
    plan.commit = 2;
    const Status done = run_steps(plan, notes);
    REQUIRE_FALSE(done);
    CHECK(done.error().line() == "memory: is short");
    CHECK(notes.log == std::vector<std::string>{"a", "b", "c", "c", "c", "d"});
}

TEST_CASE("A cancelled plan is undone; after its commit it is not asked") {
    Notes notes;
    Hooks hooks;
    hooks.go_on = [&]() -> Status {
        return notes.log.size() >= 2 ? Status(fail(Fault::failed, "test", "cancelled")) : Status{};
    };
    const Status done = run_steps(abcd(), notes, hooks);
    REQUIRE_FALSE(done);
    CHECK(done.error().cause == "cancelled");
    CHECK(notes.log == std::vector<std::string>{"a", "b", "-c", "-a"});

    notes.log.clear();
    plan::Plan committed = abcd();
    committed.commit = 1;
    CHECK(run_steps(committed, notes, hooks));
    CHECK(notes.log == std::vector<std::string>{"a", "b", "c", "d"});
}

TEST_CASE("A plan that was cut off is undone from its step backwards, or finished from there on") {
    for (std::size_t step = 0; step < 4; ++step)
        for (const std::size_t commit : {std::size_t{0}, std::size_t{2}, plan::never}) {
            Notes notes;
            plan::Plan plan = abcd();
            plan.commit = commit;
            CHECK(recover_plan(plan, {step, false, {}}, notes, nullptr, {}));
            std::vector<std::string> wanted;
            if (step >= commit)
                for (std::size_t i = step; i < 4; ++i)
                    wanted.push_back(plan.steps[i].name);
            else
                for (std::size_t i = step + 1; i-- > 0;)
                    if (!plan.steps[i].undo.empty()) wanted.push_back(plan.steps[i].undo);
            INFO(step << " of " << commit);
            CHECK(notes.log == wanted);
        }
    // What was being undone goes on being undone.
    Notes notes;
    plan::Plan plan = abcd();
    plan.commit = 3;
    CHECK(recover_plan(plan, {2, true, {}}, notes, nullptr, {}));
    CHECK(notes.log == std::vector<std::string>{"-c", "-a"});
}
