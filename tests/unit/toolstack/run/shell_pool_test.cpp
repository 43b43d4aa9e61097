// SPDX-License-Identifier: Apache-2.0
#include "toolstack/run/shell_pool.hpp"

#include "libvmshare/port/faulty/decorators.hpp"
#include "tests/unit/toolstack/run/machine.hpp"
#include "xenstore-schema/words.hpp"

#include <unistd.h>

using namespace xvm;
using namespace xvm::tests;

namespace {

constexpr std::uint64_t mib = 1ULL << 20;

run::Pool_policy policy_for(const plan::Guest_config& guest, unsigned size) {
    return {size, guest.type == plan::Guest_type::pv ? port::Guest_type::pv : port::Guest_type::pvh,
            guest.memory_max_bytes, guest.vcpus};
}

void fill(run::Shell_pool& pool, run::Ports& ports) {
    while (*pool.refill(ports)) {
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
    auto ports = machine.ports();
    REQUIRE(pool.set_policy(ports, policy_for(guest, 2)));
    fill(pool, ports);
    CHECK(shells(machine.domains()) == 2);

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
    pool.drain(ports);
    CHECK(machine.ledger() == before);
}

TEST_CASE("A guest of another size is made as ever") {
    Machine machine;
    run::Shell_pool pool;
    plan::Guest_config guest = machine.guest();
    auto ports = machine.ports();
    REQUIRE(pool.set_policy(ports, policy_for(guest, 1)));
    fill(pool, ports);
    guest.memory_bytes += mib;
    guest.memory_max_bytes = guest.memory_bytes;
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
    auto ports = machine.ports();
    REQUIRE(pool.set_policy(ports, policy));
    fill(pool, ports);
    const Domid shell = machine.domains().list()->back().id.domid;
    REQUIRE(machine.domains().destroy(shell));
    const auto taken = pool.take(
        ports, {Uuid::random(), policy.type, policy.vcpus, policy.memory_bytes, policy.memory_bytes},
        nullptr);
    REQUIRE(taken);
    CHECK_FALSE(*taken);
    CHECK(pool.counts().ready == 0);
}

TEST_CASE("A smaller pool, another kind of shell, or none: what is too much is ended") {
    Machine machine;
    run::Shell_pool pool;
    run::Pool_policy policy = policy_for(machine.guest(), 3);
    auto ports = machine.ports();
    REQUIRE(pool.set_policy(ports, policy));
    fill(pool, ports);
    policy.size = 1;
    REQUIRE(pool.set_policy(ports, policy));
    CHECK(shells(machine.domains()) == 1);
    policy.memory_bytes += mib;
    REQUIRE(pool.set_policy(ports, policy));
    CHECK(shells(machine.domains()) == 0);
    fill(pool, ports);
    CHECK(shells(machine.domains()) == 1);
    pool.drain(ports);
    CHECK(shells(machine.domains()) == 0);
    CHECK_FALSE(*pool.refill(ports));
}

TEST_CASE("The shells of an xvmd that died are ended by the next, and nothing else is") {
    Machine machine;
    REQUIRE(machine.create(machine.guest()));
    const std::string before = machine.ledger();
    auto ports = machine.ports();
    {
        run::Shell_pool lost;
        REQUIRE(lost.set_policy(ports, policy_for(machine.guest(), 2)));
        fill(lost, ports);
    }
    CHECK(machine.ledger() != before);
    REQUIRE(run::end_all_shells(ports));
    CHECK(machine.ledger() == before);
}

namespace {

/// A machine whose pool fills shells for guests like its own: one was there, and went.
struct Filled_machine {
    explicit Filled_machine(unsigned size = 1) {
        ::usleep(1'050'000); // until the kernel's file counts as settled
        ports.images = &images;
        ports.shells = &pool;
        before = machine.ledger();
        REQUIRE(create());
        end();
        CHECK(machine.ledger() == before);
        REQUIRE(pool.set_policy(ports, policy_for(guest, size)));
        fill(pool, ports);
    }
    [[nodiscard]] Result<Domain_id> create(const run::Hooks& hooks = {}) {
        return run::perform(ports, plan::plan_create(guest, Uuid::random(), false), hooks);
    }
    void end() {
        const auto entry = run::find_domain(ports, guest.name);
        REQUIRE(entry);
        REQUIRE(machine.destroy(*entry));
    }
    [[nodiscard]] std::string nodes_of(Domid domid) {
        std::string all;
        for (const char* const node :
             {"name", "vm", "console/ring-ref", "console/port", "console/limit", "memory/target",
              "memory/static-max", "domid", "cpu/0/availability", "control/shutdown"}) {
            const auto value =
                ports.store.read("/local/domain/" + std::to_string(number(domid)) + "/" + node);
            all += std::string(node) + "=" + value.value_or("(none)") + "\n";
        }
        return all;
    }

    Machine machine;
    run::Image_cache images{16 * mib};
    run::Shell_pool pool;
    run::Ports ports = machine.ports();
    plan::Guest_config guest = machine.guest();
    std::string before;
};

} // namespace

TEST_CASE("Of a filled shell comes the guest that would be made without, and nothing is left of either") {
    Filled_machine filled;
    CHECK(filled.pool.counts().filled == 1);
    const Domid shell = filled.machine.domains().list()->back().id.domid;
    CHECK(filled.ports.store.read("/local/domain/" + std::to_string(number(shell)) + "/name") ==
          std::string(schema::shell_name));
    const auto id = filled.create();
    REQUIRE(id);
    CHECK(id->domid == shell);
    CHECK(filled.pool.counts().hits == 1);
    const std::string with = filled.nodes_of(id->domid);
    CHECK(with.find("(none)") == std::string::npos);
    filled.end();
    filled.pool.drain(filled.ports);
    CHECK(filled.machine.ledger() == filled.before);

    filled.ports.shells = nullptr;
    const auto made = filled.create();
    REQUIRE(made);
    std::string without = filled.nodes_of(made->domid);
    // What belongs to a number and a uuid apart.
    const auto line = [](const std::string& nodes, const std::string& name) {
        const auto begin = nodes.find(name + "=");
        return nodes.substr(begin, nodes.find('\n', begin) - begin);
    };
    for (const char* const same :
         {"name", "memory/target", "memory/static-max", "console/limit", "control/shutdown"})
        CHECK(line(with, same) == line(without, same));
}

TEST_CASE("A filled shell is for just the same kernel and command line: else it stays, and is filled anew") {
    Filled_machine filled;
    filled.guest.command_line = "quiet";
    REQUIRE(filled.create());
    CHECK(filled.pool.counts().misses == 1);
    CHECK(filled.pool.counts().ready == 1);
    fill(filled.pool, filled.ports);
    CHECK(filled.pool.counts().filled == 1);
    filled.end();
    REQUIRE(filled.create());
    CHECK(filled.pool.counts().hits == 1);
    filled.end();
    filled.pool.drain(filled.ports);
    CHECK(filled.machine.ledger() == filled.before);
}

TEST_CASE("A create of a filled shell that fails at any step leaves neither guest nor shell") {
    const plan::Plan all = plan::plan_create(Machine().guest(), Uuid::random(), false);
    Filled_machine filled(static_cast<unsigned>(all.steps.size()));
    REQUIRE(filled.pool.counts().filled == all.steps.size());
    for (const plan::Step& last : all.steps) {
        INFO(last.name);
        run::Hooks hooks;
        hooks.after = [&](const plan::Step& step) -> Status {
            return step.name == last.name ? fail(Fault::failed, "step", "fails") : Status{};
        };
        CHECK_FALSE(filled.create(hooks));
    }
    CHECK(filled.pool.counts().hits > 0);
    filled.pool.drain(filled.ports);
    CHECK(filled.machine.ledger() == filled.before);
}

TEST_CASE("Filled shells of an xvmd that died leave nothing; a create that was cut off in one is undone") {
    Filled_machine filled(2);
    run::Hooks hooks;
    hooks.after = [&](const plan::Step& step) -> Status {
        if (step.name == "create-domain") filled.machine.keep_journal();
        return step.name == "write-private" ? fail(Fault::failed, "step", "dies") : Status{};
    };
    CHECK_FALSE(filled.create(hooks));
    REQUIRE(run::end_all_shells(filled.ports));
    CHECK(filled.machine.ledger() == filled.before);
}

TEST_CASE("Filled shells give their memory up for a guest that cannot be made without") {
    Filled_machine filled;
    REQUIRE(filled.pool.counts().filled == 1);
    CHECK(filled.pool.give_up(filled.ports));
    CHECK_FALSE(filled.pool.give_up(filled.ports));
    CHECK(filled.machine.ledger() == filled.before);
    // An empty one takes its place; memory only when a guest has come.
    fill(filled.pool, filled.ports);
    CHECK(filled.pool.counts().ready == 1);
    CHECK(filled.pool.counts().filled == 0);
}

TEST_CASE("A kernel that has changed is not in a shell: the pool goes on with empty ones") {
    Filled_machine filled;
    filled.pool.drain(filled.ports);
    std::ofstream(filled.guest.kernel.path, std::ios::binary | std::ios::app) << "more";
    REQUIRE(filled.pool.set_policy(filled.ports, policy_for(filled.guest, 1)));
    const auto tried = filled.pool.refill(filled.ports);
    REQUIRE_FALSE(tried);
    CHECK(tried.error().fault == Fault::usage);
    fill(filled.pool, filled.ports);
    CHECK(filled.pool.counts().ready == 1);
    CHECK(filled.pool.counts().filled == 0);
    filled.pool.drain(filled.ports);
}

TEST_CASE(
    "A create of a filled shell in which any one call fails leaves the machine as it was, or the guest whole",
    "[sweep]") {
    Filled_machine filled;
    filled.pool.drain(filled.ports);
    const unsigned calls = port::faulty::sweep(Fault::failed, [&](port::faulty::Plan& faults) {
        INFO("call " << faults.calls() + 1);
        REQUIRE(filled.pool.set_policy(filled.ports, policy_for(filled.guest, 1)));
        fill(filled.pool, filled.ports);
        REQUIRE(filled.pool.counts().filled == 1);
        port::faulty::Faulty_domains domains(filled.ports.domains, faults);
        port::faulty::Faulty_store store(filled.ports.store, faults);
        run::Ports ports{domains,
                         store,
                         filled.ports.block_backend,
                         filled.ports.patience,
                         filled.ports.book,
                         filled.ports.journal};
        ports.images = &filled.images;
        ports.shells = &filled.pool;
        if (run::perform(ports, plan::plan_create(filled.guest, Uuid::random(), false))) filled.end();
        filled.pool.drain(filled.ports);
        CHECK(filled.machine.ledger() == filled.before);
    });
    CHECK(calls > 40);
    CHECK(filled.pool.counts().hits > 30);
}
