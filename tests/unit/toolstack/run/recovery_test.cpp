// SPDX-License-Identifier: Apache-2.0
// What an xvmd that died in the middle left, and what the next one makes of it.
#include "tests/unit/toolstack/run/machine.hpp"

using namespace xvm;
using namespace xvm::tests;

namespace {

struct Death {};

/// Runs the plan until after the work of `step`, then dies as SIGKILL would have it: the journal stays.
void die_after(Machine& machine, const plan::Plan& plan, const std::string& step,
               std::optional<Domid> domid = {}) {
    run::Hooks hooks;
    hooks.after = [&](const plan::Step& done) -> Status {
        if (done.name != step) return {};
        machine.keep_journal();
        throw Death{};
    };
    auto ports = machine.ports();
    try {
        const auto done = run::perform(ports, plan, hooks, domid);
        FAIL("no such step");
    } catch (const Death&) {
        machine.put_journal_back();
    }
}

std::vector<run::Recovered> recover(Machine& machine) {
    auto ports = machine.ports();
    std::vector<Error> damaged;
    auto all = run::recover(ports, damaged);
    REQUIRE(all);
    CHECK(damaged.empty());
    return std::move(*all);
}

} // namespace

TEST_CASE("A create that xvmd died in, after any step, is undone by the next xvmd") {
    Machine machine;
    const std::string before = machine.ledger();
    const plan::Plan plan = plan::plan_create(machine.guest(), Uuid::random(), false);
    for (const plan::Step& step : plan.steps) {
        INFO(step.name);
        die_after(machine, plan, step.name);
        CHECK(machine.ledger() != before);
        const auto all = recover(machine);
        REQUIRE(all.size() == 1);
        CHECK_FALSE(all[0].finished);
        CHECK(all[0].outcome);
        CHECK(machine.ledger() == before);
    }
    CHECK(recover(machine).empty());
}

TEST_CASE("A destroy that xvmd died in, after any step, is finished by the next xvmd") {
    Machine machine;
    const std::string before = machine.ledger();
    for (const plan::Step& step : plan::plan_destroy({}).steps) {
        INFO(step.name);
        const auto id = machine.create(machine.guest());
        REQUIRE(id);
        die_after(machine, plan::plan_destroy({"web", *id}), step.name, id->domid);
        const auto all = recover(machine);
        REQUIRE(all.size() == 1);
        CHECK(all[0].finished);
        CHECK(all[0].outcome);
        CHECK(machine.ledger() == before);
    }
}

TEST_CASE("A destroy that was cut off does not touch another domain that got the number") {
    Machine machine;
    const auto id = machine.create(machine.guest());
    REQUIRE(id);
    die_after(machine, plan::plan_destroy({"web", *id}), "await-end", id->domid);
    // Xen gives the number to somebody else before the next xvmd starts.
    port::Domain_shape shape;
    shape.uuid = Uuid::random();
    shape.memory_bytes = shape.memory_max_bytes = 4ULL << 20;
    auto other = machine.domains().create(shape);
    while (other && *other != id->domid) {
        REQUIRE(machine.domains().destroy(*other));
        other = machine.domains().create(shape);
    }
    REQUIRE(other);
    REQUIRE(machine.store().write("/local/domain/1/name", "stranger"));
    const auto all = recover(machine);
    REQUIRE(all.size() == 1);
    CHECK(machine.domains().info(*other)->id.uuid == shape.uuid);
    CHECK(machine.store().read("/local/domain/1/name") == "stranger");
}

TEST_CASE("A journal that is damaged is set aside and told, and the others are read") {
    Machine machine;
    const plan::Plan plan = plan::plan_create(machine.guest(), Uuid::random(), false);
    const std::string before = machine.ledger();
    die_after(machine, plan, "introduce");
    machine.write_file("journal/00000000000000000000-x.plan", "xvm.journal/1 step=");
    auto ports = machine.ports();
    std::vector<Error> damaged;
    const auto all = run::recover(ports, damaged);
    REQUIRE(all);
    CHECK(all->size() == 1);
    REQUIRE(damaged.size() == 1);
    CHECK(damaged[0].object.ends_with(".plan.damaged"));
    CHECK_FALSE(damaged[0].remedy.empty());
    CHECK(machine.ledger() == before + "\n00000000000000000000-x.plan.damaged");
}

TEST_CASE("The book of guests is the same after it is opened again; a damaged page is set aside") {
    const Scratch scratch;
    std::vector<Error> damaged;
    const Machine machine;
    run::Guest_record record{{Domid{7}, Uuid::random()}, machine.guest(), false};
    {
        const auto book = run::Guest_book::open(scratch / "guests", damaged);
        REQUIRE(book);
        REQUIRE((*book)->keep(record));
        record.restarting = true;
        REQUIRE((*book)->keep(record));
    }
    std::ofstream(scratch / "guests/x.guest") << "{\"schema\":\"xvm.guest/1\"}";
    const auto again = run::Guest_book::open(scratch / "guests", damaged);
    REQUIRE(again);
    CHECK((*again)->all() == std::vector{record});
    CHECK((*again)->by_name("web") == record);
    CHECK((*again)->by_uuid(record.id.uuid) == record);
    REQUIRE(damaged.size() == 1);
    CHECK(damaged[0].object.ends_with("x.guest.damaged"));
    (*again)->forget(record.id.uuid);
    CHECK((*again)->all().empty());
    CHECK_FALSE(std::filesystem::exists(scratch / ("guests/" + record.id.uuid.text() + ".guest")));
}
