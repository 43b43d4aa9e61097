// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/toolstack/run/machine.hpp"
#include "toolstack/plan/plan_wishes.hpp"
#include "toolstack/run/wishes.hpp"

using namespace xvm;
using namespace xvm::tests;

namespace {

constexpr std::uint64_t mib = 1ULL << 20;

/// A machine with one guest of 64 MiB and two processors, that may have 96 MiB.
class Wishing_machine : public Machine {
  public:
    Wishing_machine() {
        config = guest();
        config.type = plan::Guest_type::pv;
        config.memory_max_bytes = 96 * mib;
        config.vcpus = 2;
        config.pins = {};
        const auto made = create(config);
        REQUIRE(made);
        id = *made;
    }
    [[nodiscard]] Status run_plan(const plan::Plan& plan) {
        auto all = ports();
        const auto done = run::perform(all, plan, {}, id.domid);
        return done ? Status{} : Status(tl::unexpected<Error>(done.error()));
    }
    [[nodiscard]] std::uint64_t target() { return *run::memory_target(store(), id.domid, 0); }

    plan::Guest_config config;
    Domain_id id;
};

} // namespace

TEST_CASE("A guest is asked to have other memory, and Xen lets it have no more") {
    Wishing_machine machine;
    CHECK(machine.target() == 64 * mib);
    REQUIRE(machine.run_plan(plan::plan_memory({"web", machine.id}, {80 * mib, 64 * mib, 96 * mib, {}})));
    CHECK(machine.target() == 80 * mib);
    CHECK(machine.domains().info(machine.id.domid)->memory_max_bytes == 80 * mib);
}

TEST_CASE("A guest that does not follow within the time is asked for what it had before") {
    using namespace std::chrono_literals;
    Wishing_machine machine;
    const std::string before = machine.ledger();
    const plan::Memory_order order{48 * mib, 64 * mib, 96 * mib, 20ms};
    const Status done = machine.run_plan(plan::plan_memory({"web", machine.id}, order));
    REQUIRE_FALSE(done);
    CHECK(done.error().fault == Fault::timeout);
    CHECK(machine.target() == 64 * mib);
    CHECK(machine.domains().info(machine.id.domid)->memory_max_bytes == 96 * mib);
    CHECK(machine.ledger() == before);

    // Without the undo it would go on to shrink when nobody waits any more.
    plan::Plan broken = plan::plan_memory({"web", machine.id}, order);
    for (plan::Step& step : broken.steps)
        step.undo.clear();
    CHECK_FALSE(machine.run_plan(broken));
    CHECK(machine.target() == 48 * mib);
}

TEST_CASE("A guest that follows is waited for") {
    using namespace std::chrono_literals;
    Wishing_machine machine;
    machine.backend().on_write = [&](const std::string& path, std::string_view value) {
        if (path.ends_with("/memory/target"))
            machine.hosted().domains().balloon(machine.id.domid, std::stoull(std::string(value)) << 10);
    };
    REQUIRE(machine.run_plan(plan::plan_memory({"web", machine.id}, {48 * mib, 64 * mib, 96 * mib, 1s})));
    CHECK(machine.domains().info(machine.id.domid)->memory_bytes == 48 * mib);
}

TEST_CASE("Memory out of bounds is refused: too little for Linux, more than the guest may have") {
    const Wishing_machine machine;
    CHECK(plan::check_memory(machine.config, 96 * mib));
    CHECK(plan::check_memory(machine.config, 97 * mib).error().fault == Fault::usage);
    CHECK(plan::check_memory(machine.config, 32 * mib));
    CHECK(plan::check_memory(machine.config, 31 * mib).error().fault == Fault::usage);
    plan::Guest_config pvh = machine.config;
    pvh.type = plan::Guest_type::pvh;
    CHECK(plan::check_memory(pvh, 64 * mib));
    CHECK(plan::check_memory(pvh, 65 * mib).error().fault == Fault::usage);
}

TEST_CASE("A guest is asked to use fewer processors, and all again") {
    Wishing_machine machine;
    REQUIRE(machine.run_plan(plan::plan_vcpus({"web", machine.id}, 2, 1, {})));
    CHECK(run::offline_vcpus(machine.store(), machine.id.domid, 2) == std::vector<unsigned>{1});
    REQUIRE(machine.run_plan(plan::plan_vcpus({"web", machine.id}, 2, 2, {1})));
    CHECK(run::offline_vcpus(machine.store(), machine.id.domid, 2) == std::vector<unsigned>{});
}

TEST_CASE("A processor is pinned, and where it ran before if another cannot be") {
    Wishing_machine machine;
    REQUIRE(machine.run_plan(plan::plan_pin({"web", machine.id}, {{0, false, {1}, {}}})));
    CHECK(machine.hosted().domains().pinned_to(machine.id.domid, 0) == 1);
    CHECK_FALSE(
        machine.run_plan(plan::plan_pin({"web", machine.id}, {{0, false, {0}, {1}}, {1, false, {77}, {}}})));
    CHECK(machine.hosted().domains().pinned_to(machine.id.domid, 0) == 1);
}

TEST_CASE("What was changed while a guest ran holds when it starts again") {
    Wishing_machine machine;
    const plan::Guest_ref web{"web", machine.id};
    const auto keep = [&](plan::Plan plan, const plan::Guest_changes& after) {
        plan::add_keeping(plan, machine.book().by_uuid(machine.id.uuid)->guest.changes, after);
        return machine.run_plan(plan);
    };
    plan::Guest_changes changes;
    const std::vector<plan::Pin> pins{{1, false, {1}, {}}, {1, true, {0}, {}}};
    changes = plan::with_pins(plan::with_pins(changes, {{1, false, {0}, {}}}), pins);
    REQUIRE(changes.affinities.size() == 2); // the later one of a kind counts
    REQUIRE(keep(plan::plan_pin(web, pins), changes));
    changes.vcpus = 1;
    REQUIRE(keep(plan::plan_vcpus(web, 2, 1, {}), changes));
    changes.memory_bytes = 48 * mib;
    REQUIRE(keep(plan::plan_memory(web, {48 * mib, 64 * mib, 96 * mib, {}}), changes));

    const auto record = machine.book().by_uuid(machine.id.uuid);
    REQUIRE(record);
    CHECK(record->guest.changes == changes);
    REQUIRE(machine.run_plan(plan::plan_destroy(web)));
    const auto again = machine.create(record->guest);
    REQUIRE(again);
    const auto vcpus = machine.domains().vcpus(again->domid);
    REQUIRE(vcpus);
    CHECK(vcpus->at(1).hard == port::Cpu_list{1});
    CHECK(vcpus->at(1).soft == port::Cpu_list{0});
    CHECK(run::offline_vcpus(machine.store(), again->domid, 2) == std::vector<unsigned>{1});
    CHECK(run::memory_target(machine.store(), again->domid, 0) == 48 * mib);
}

TEST_CASE("A change that was taken back is not kept") {
    Wishing_machine machine;
    const std::string before = machine.ledger();
    plan::Plan plan = plan::plan_vcpus({"web", machine.id}, 2, 1, {});
    plan::Guest_changes after;
    after.vcpus = 1;
    plan::add_keeping(plan, {}, after);
    plan.add("await-memory", "never", {}, {{"to_bytes", 1}, {"limit_ms", 1}});
    CHECK_FALSE(machine.run_plan(plan));
    CHECK(machine.book().by_uuid(machine.id.uuid)->guest.changes == plan::Guest_changes{});
    CHECK(machine.ledger() == before);
}
