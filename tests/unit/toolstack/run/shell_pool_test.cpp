// SPDX-License-Identifier: Apache-2.0
#include "toolstack/run/shell_pool.hpp"

#include "tests/unit/toolstack/run/machine.hpp"

using namespace xvm;
using namespace xvm::tests;

namespace {

constexpr std::uint64_t mib = 1ULL << 20;

run::Pool_policy policy_for(const plan::Guest_config& guest, unsigned size) {
    return {size, guest.type == plan::Guest_type::pv ? port::Guest_type::pv : port::Guest_type::pvh,
            guest.memory_max_bytes, guest.vcpus};
}

void fill(run::Shell_pool& pool, port::Domains& domains) {
    while (*pool.refill(domains)) {
    }
}

std::size_t shells(port::Domains& domains) {
    const auto all = domains.list();
    std::size_t count = 0;
    for (const port::Domain_info& info : *all)
        count += run::is_shell(info.id.uuid) ? 1 : 0;
    return count;
}

} // namespace

TEST_CASE("A guest takes a shell of its size, and is a guest like any other") {
    Machine machine;
    const std::string before = machine.ledger();
    run::Shell_pool pool;
    int taken = 0;
    pool.when_taken([&] { ++taken; });
    const plan::Guest_config guest = machine.guest();
    REQUIRE(pool.set_policy(machine.domains(), policy_for(guest, 2)));
    fill(pool, machine.domains());
    CHECK(shells(machine.domains()) == 2);

    auto ports = machine.ports();
    ports.shells = &pool;
    const auto id = run::perform(ports, plan::plan_create(guest, Uuid::random(), false));
    REQUIRE(id);
    CHECK(taken == 1);
    CHECK(pool.counts().hits == 1);
    CHECK(shells(machine.domains()) == 1);
    const auto entry = run::find_domain(ports, "web");
    REQUIRE(entry);
    CHECK(entry->info.id == *id);
    CHECK(entry->life == run::Life::running);

    CHECK(machine.destroy(*entry));
    pool.drain(machine.domains());
    CHECK(machine.ledger() == before);
}

TEST_CASE("A guest of another size is made as ever") {
    Machine machine;
    run::Shell_pool pool;
    plan::Guest_config guest = machine.guest();
    REQUIRE(pool.set_policy(machine.domains(), policy_for(guest, 1)));
    fill(pool, machine.domains());
    guest.memory_bytes += mib;
    guest.memory_max_bytes = guest.memory_bytes;
    auto ports = machine.ports();
    ports.shells = &pool;
    REQUIRE(run::perform(ports, plan::plan_create(guest, Uuid::random(), false)));
    CHECK(pool.counts().misses == 1);
    CHECK(shells(machine.domains()) == 1);
}

TEST_CASE("A shell that somebody ended is not given out, nor is the domain that has its number now") {
    Machine machine;
    run::Shell_pool pool;
    const plan::Guest_config guest = machine.guest();
    const auto policy = policy_for(guest, 1);
    REQUIRE(pool.set_policy(machine.domains(), policy));
    fill(pool, machine.domains());
    const Domid shell = machine.domains().list()->back().id.domid;
    REQUIRE(machine.domains().destroy(shell));
    const auto taken = pool.take(machine.domains(), {Uuid::random(), policy.type, policy.vcpus,
                                                     policy.memory_bytes, policy.memory_bytes});
    REQUIRE(taken);
    CHECK_FALSE(*taken);
    CHECK(pool.counts().ready == 0);
}

TEST_CASE("A smaller pool, another kind of shell, or none: what is too much is ended") {
    Machine machine;
    run::Shell_pool pool;
    run::Pool_policy policy = policy_for(machine.guest(), 3);
    REQUIRE(pool.set_policy(machine.domains(), policy));
    fill(pool, machine.domains());
    policy.size = 1;
    REQUIRE(pool.set_policy(machine.domains(), policy));
    CHECK(shells(machine.domains()) == 1);
    policy.memory_bytes += mib;
    REQUIRE(pool.set_policy(machine.domains(), policy));
    CHECK(shells(machine.domains()) == 0);
    fill(pool, machine.domains());
    CHECK(shells(machine.domains()) == 1);
    pool.drain(machine.domains());
    CHECK(shells(machine.domains()) == 0);
    CHECK_FALSE(*pool.refill(machine.domains()));
}

TEST_CASE("The shells of an xvmd that died are ended by the next, and nothing else is") {
    Machine machine;
    REQUIRE(machine.create(machine.guest()));
    const std::string before = machine.ledger();
    {
        run::Shell_pool lost;
        REQUIRE(lost.set_policy(machine.domains(), policy_for(machine.guest(), 2)));
        fill(lost, machine.domains());
    }
    CHECK(machine.ledger() != before);
    REQUIRE(run::end_all_shells(machine.domains()));
    CHECK(machine.ledger() == before);
}
