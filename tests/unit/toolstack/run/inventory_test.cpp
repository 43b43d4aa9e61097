// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/toolstack/run/machine.hpp"

using namespace xvm;
using namespace xvm::tests;

TEST_CASE("A domain is found by name, number and uuid, and by a slip of the hand with a suggestion") {
    Machine machine;
    auto ports = machine.ports();
    const auto id = machine.create(machine.guest());
    REQUIRE(id);
    for (const std::string& word : {std::string("web"), std::string("1"), id->uuid.text()})
        CHECK(run::find_domain(ports, word)->info.id == *id);
    const auto missing = run::find_domain(ports, "wbe");
    REQUIRE_FALSE(missing);
    CHECK(missing.error().line() == "domain 'wbe': no such domain; did you mean 'web'?");
    CHECK(run::find_domain(ports, "0")->name == "Domain-0");
}

TEST_CASE("A number that was given out again inherits nothing; what the first left is stale") {
    Machine machine;
    auto ports = machine.ports();
    const auto id = machine.create(machine.guest());
    REQUIRE(id);
    // Another domain has the number now, which xvm has no record of: its note names the one before.
    machine.book().forget(id->uuid);
    const std::string old = Uuid::random().text();
    REQUIRE(machine.store().write("/xvm/domain/1/uuid", old));
    const auto entries = run::list_domains(ports);
    REQUIRE(entries);
    REQUIRE(entries->size() == 3);
    CHECK_FALSE((*entries)[1].managed);
    CHECK((*entries)[1].disks.empty());
    CHECK((*entries)[2].life == run::Life::stale);

    // Cleaning up after the old one does not touch what is the new one's.
    CHECK(machine.destroy(*run::find_domain(ports, old)));
    CHECK_FALSE(machine.store().read("/xvm/domain/1/uuid"));
    CHECK(machine.store().read("/local/domain/1/name") == "web");
    CHECK(machine.domains().info(Domid{1}));
}

TEST_CASE("What a vanished domain left in the store is listed as stale, and destroy removes it") {
    Machine machine;
    const std::string before = machine.ledger();
    auto ports = machine.ports();
    const auto id = machine.create(machine.guest());
    REQUIRE(id);
    REQUIRE(machine.domains().destroy(id->domid));
    const auto entry = run::find_domain(ports, "web");
    REQUIRE(entry);
    CHECK(entry->life == run::Life::stale);
    CHECK(machine.destroy(*entry));
    CHECK(machine.ledger() == before);
}

TEST_CASE("How a guest ended is told in words") {
    Machine machine;
    auto ports = machine.ports();
    const auto id = machine.create(machine.guest(), true);
    REQUIRE(id);
    const auto life = [&] { return run::name_of(run::find_domain(ports, "web")->life); };
    CHECK(life() == "paused");
    REQUIRE(machine.domains().unpause(id->domid));
    CHECK(life() == "running");
    for (const auto& [reason, words] : {std::pair{0u, "powered off"},
                                        {1u, "wants reboot"},
                                        {2u, "suspended"},
                                        {3u, "crashed"},
                                        {4u, "crashed"}}) {
        machine.hosted().domains().shut_down(id->domid, reason);
        CHECK(life() == words);
    }
}

TEST_CASE("A name is held by whoever has it, and freed when nothing is left of him") {
    Machine machine;
    auto ports = machine.ports();
    const auto holder = [&](std::string_view name) { return *run::name_holder(ports, name); };
    CHECK_FALSE(holder("web"));
    CHECK(holder("Domain-0")->info.id.domid == dom0);
    const auto id = machine.create(machine.guest());
    REQUIRE(id);
    CHECK(holder("web")->info.id == *id);
    // Dead, and its record still there.
    REQUIRE(machine.domains().destroy(id->domid));
    CHECK(holder("web")->life == run::Life::stale);
    machine.book().forget(id->uuid);
    CHECK_FALSE(holder("web"));
    // Somebody else's.
    const auto other = machine.domains().create({Uuid::random(), port::Guest_type::pv, 1, 1 << 20, 1 << 20});
    REQUIRE(other);
    REQUIRE(machine.store().write("/local/domain/" + std::to_string(number(*other)) + "/name", "theirs"));
    CHECK(holder("theirs")->info.id.domid == *other);
    CHECK_FALSE(holder("theirs")->managed);
}

TEST_CASE("What the book knows is not asked of the store again") {
    Machine machine;
    auto ports = machine.ports();
    REQUIRE(machine.create(machine.guest()));
    const auto count = [&](run::Sight sight) {
        const auto before = machine.reads();
        REQUIRE(run::list_domains(ports, sight));
        return machine.reads() - before;
    };
    const auto one = count(run::Sight::records);
    for (int i = 0; i < 5; ++i) {
        auto guest = machine.guest();
        guest.name += std::to_string(i);
        REQUIRE(machine.create(guest));
    }
    CHECK(count(run::Sight::records) == one);
    CHECK(count(run::Sight::all) > one);
}
