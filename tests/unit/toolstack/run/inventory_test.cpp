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
    // Another domain has the number now: xvm's note names the one before.
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
