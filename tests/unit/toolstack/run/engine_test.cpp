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

const std::vector<plan::Step> steps{
    {plan::Step_kind::check_name, 0, "a", "-a"},
    {plan::Step_kind::build, 0, "b", ""},
    {plan::Step_kind::introduce, 0, "c", "-c"},
    {plan::Step_kind::unpause, 0, "d", "-d"},
};

} // namespace

TEST_CASE("Steps run in order, and nothing is undone when all succeed") {
    Notes notes;
    CHECK(run_steps(steps, notes, {}));
    CHECK(notes.log == std::vector<std::string>{"a", "b", "c", "d"});
}

TEST_CASE("A failing step is undone with all before it, last first") {
    Notes notes;
    notes.apply_fails = "c";
    const Status done = run_steps(steps, notes, {});
    REQUIRE_FALSE(done);
    CHECK(done.error().line() == "memory: is short");
    CHECK(notes.log == std::vector<std::string>{"a", "b", "c", "-c", "-a"});
}

TEST_CASE("An undo that fails stops no other, and what stays behind is named") {
    Notes notes;
    notes.apply_fails = "d";
    notes.undo_fails = {"-c"};
    const Status done = run_steps(steps, notes, {});
    REQUIRE_FALSE(done);
    CHECK(done.error().fault == Fault::leftovers);
    CHECK(done.error().cause.find("is short") != std::string::npos);
    CHECK(done.error().cause.find("-c: is stuck") != std::string::npos);
    CHECK(notes.log == std::vector<std::string>{"a", "b", "c", "d", "-d", "-c", "-a"});
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
    CHECK_FALSE(run_steps(steps, notes, hooks));
    CHECK(notes.log == std::vector<std::string>{"a", "b", "c", "-c", "-a"});
    CHECK(seen == "a0 a1 b0 b1 c0 c2 c3 a3 ");
}
