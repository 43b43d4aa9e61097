// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/faulty/decorators.hpp"
#include "tests/unit/toolstack/run/machine.hpp"

using namespace xvm;
using namespace xvm::tests;

namespace {

Status create_and_fail_after(Machine& machine, const plan::Plan& plan, const std::string& step) {
    run::Hooks hooks;
    hooks.after = [&](const plan::Step& done) -> Status {
        return done.name == step ? Status(fail(Fault::failed, step, "on purpose")) : Status{};
    };
    auto ports = machine.ports();
    const auto created = run::perform(ports, plan, hooks);
    return created ? Status{} : Status(tl::unexpected<Error>(created.error()));
}

/// A Xen that clears what domains give up, or does not; and what guests were started with.
class Clearing_domains final : public port::faulty::Faulty_domains {
  public:
    Clearing_domains(port::Domains& below, port::faulty::Plan& plan, bool clears)
        : Faulty_domains(below, plan), clears_(clears) {}
    Result<port::Host_info> host() override {
        XVM_TRY_LET(port::Host_info host, Faulty_domains::host());
        if (clears_) host.capabilities.push_back("scrub-domheap");
        return host;
    }
    Result<port::Built_domain> build(Domid domid, const port::Domain_shape& shape,
                                     const port::Boot_image& image) override {
        command_line = image.command_line;
        return Faulty_domains::build(domid, shape, image);
    }
    std::string command_line;

  private:
    bool clears_;
};

/// What a guest with that command line is started with.
std::string started_with(bool clears, const std::string& command_line) {
    Machine machine;
    port::faulty::Plan no_faults;
    Clearing_domains domains(machine.domains(), no_faults, clears);
    auto sound = machine.ports();
    run::Ports ports{domains, sound.store, sound.block_backend, sound.patience, sound.book, sound.journal};
    plan::Guest_config guest = machine.guest();
    guest.command_line = command_line;
    CHECK(run::perform(ports, plan::plan_create(guest, Uuid::random(), false)));
    return domains.command_line;
}

} // namespace

TEST_CASE("A guest that is created and destroyed leaves the machine as it was") {
    Machine machine;
    const std::string before = machine.ledger();
    auto ports = machine.ports();
    const auto id = machine.create(machine.guest());
    REQUIRE(id);
    const auto entry = run::find_domain(ports, "web");
    REQUIRE(entry);
    CHECK(entry->info.id == *id);
    CHECK(entry->life == run::Life::running);
    CHECK(entry->managed);
    REQUIRE(entry->disks.size() == 2);
    CHECK(entry->disks[0].backend == schema::Device_state::init_wait);
    CHECK(machine.hosted().domains().pinned_to(id->domid, 0) == 1);
    CHECK(machine.ledger() != before);

    CHECK(machine.destroy(*entry));
    CHECK(machine.ledger() == before);
}

TEST_CASE("A create that fails after any step leaves the machine as it was") {
    Machine machine;
    const plan::Plan plan = plan::plan_create(machine.guest(), Uuid::random(), false);
    const std::string before = machine.ledger();
    for (const plan::Step& step : plan.steps) {
        INFO(step.name);
        const Status created = create_and_fail_after(machine, plan, step.name);
        REQUIRE_FALSE(created);
        CHECK(created.error().line() == step.name + ": on purpose");
        CHECK(machine.ledger() == before);
    }
    CHECK(plan.steps.size() == 16);
    // xenconsoled hears of a death from the store, if the store still knows the domain by then.
    CHECK(machine.released_alive == 0);
    CHECK(create_and_fail_after(machine, plan, "no such step"));
}

TEST_CASE("Where Xen or its kernel clears what a guest gives up, its driver need not, unless it was told "
          "otherwise") {
    CHECK(started_with(false, "quiet") == "quiet");
    CHECK(started_with(true, "quiet") == "quiet xen_scrub_pages=0");
    CHECK(started_with(true, "xen_scrub_pages=1 quiet") == "xen_scrub_pages=1 quiet");
    CHECK(started_with(false, "init_on_alloc=1 quiet") == "init_on_alloc=1 quiet xen_scrub_pages=0");
    CHECK(started_with(false, "init_on_alloc=1 init_on_alloc=0") == "init_on_alloc=1 init_on_alloc=0");
    CHECK(started_with(false, "xinit_on_alloc=1 init_on_alloc=10") == "xinit_on_alloc=1 init_on_alloc=10");
    const std::string long_one(2047 - 17, 'x'); // what is added would not fit
    CHECK(started_with(true, long_one) == long_one);
}

TEST_CASE("A guest whose undo is missing leaves something behind: the ledger sees it") {
    Machine machine;
    plan::Plan broken = plan::plan_create(machine.guest(), Uuid::random(), false);
    for (plan::Step& step : broken.steps)
        if (step.op == "write-guest") step.undo.clear();
    const std::string before = machine.ledger();
    CHECK_FALSE(create_and_fail_after(machine, broken, "unpause"));
    CHECK(machine.ledger() != before);
}

TEST_CASE("A name that is taken is refused, whatever state its holder is in") {
    Machine machine;
    auto ports = machine.ports();
    const plan::Plan plan = plan::plan_create(machine.guest(), Uuid::random(), true);
    const auto first = run::perform(ports, plan);
    REQUIRE(first);
    const auto again = run::perform(ports, plan);
    REQUIRE_FALSE(again);
    CHECK(again.error().fault == Fault::busy);
    CHECK(again.error().cause == "the name is taken (by domain 1, paused)");
    machine.hosted().domains().shut_down(first->domid, 3);
    CHECK(run::perform(ports, plan).error().cause == "the name is taken (by domain 1, crashed)");
}

TEST_CASE("Too little memory is said before anything is done, with both numbers") {
    Machine machine;
    const std::string before = machine.ledger();
    plan::Guest_config guest = machine.guest();
    guest.memory_bytes = guest.memory_max_bytes = 64ULL << 30;
    const auto created = machine.create(guest);
    REQUIRE_FALSE(created);
    CHECK(created.error().fault == Fault::exhausted);
    CHECK(created.error().cause == "needs 64GiB of memory, 3072MiB are free");
    CHECK(machine.ledger() == before);
}

TEST_CASE("A file that a guest writes serves no second guest") {
    Machine machine;
    plan::Guest_config writer = machine.guest("writer");
    writer.disks.resize(1);
    writer.disks[0].writable = true;
    auto ports = machine.ports();
    REQUIRE(machine.create(writer));
    const auto reader = machine.create(machine.guest("reader"));
    REQUIRE_FALSE(reader);
    CHECK(reader.error().fault == Fault::busy);
    CHECK(reader.error().cause == "is disk xvda of domain 'writer' already");
}

TEST_CASE("Disks without a backend are refused, with the way to start it; a guest without disks is not") {
    Machine machine;
    const std::string before = machine.ledger();
    machine.block_status = fail(Fault::unreachable, "xvm-blkd", "not running", "start it");
    auto ports = machine.ports();
    const auto created = machine.create(machine.guest());
    REQUIRE_FALSE(created);
    CHECK(created.error().line() == "xvm-blkd: not running; start it");
    CHECK(machine.ledger() == before);

    plan::Guest_config diskless = machine.guest();
    diskless.disks.clear();
    CHECK(machine.create(diskless));
}

TEST_CASE("A backend that refuses or hangs makes the create fail, and nothing stays") {
    Machine machine;
    const std::string before = machine.ledger();
    auto ports = machine.ports();
    const plan::Plan plan = plan::plan_create(machine.guest(), Uuid::random(), false);

    machine.backend().mood = Backend_double::Mood::refuses;
    auto created = run::perform(ports, plan);
    REQUIRE_FALSE(created);
    CHECK(created.error().line() == "disk xvda: refused by xvm-blkd: the image is haunted");
    CHECK(machine.ledger() == before);

    machine.backend().mood = Backend_double::Mood::hangs;
    created = run::perform(ports, plan);
    REQUIRE_FALSE(created);
    // It never let go either: that is told, and its directories are gone all the same.
    CHECK(created.error().fault == Fault::leftovers);
    CHECK(created.error().cause.find("did not offer it in time") != std::string::npos);
    // The journal keeps it, for the next xvmd to try again.
    CHECK(machine.ledger() != before);
    machine.backend().mood = Backend_double::Mood::serves;
    std::vector<Error> damaged;
    CHECK(run::recover(ports, damaged)->size() == 1);
    CHECK(machine.ledger() == before);
}

TEST_CASE("A domain whose memory is still mapped is told as left over, and goes when it can") {
    Machine machine;
    const std::string before = machine.ledger();
    auto ports = machine.ports();
    const auto id = machine.create(machine.guest());
    REQUIRE(id);
    machine.hosted().domains().hold(id->domid);
    const Status destroyed = machine.destroy(*run::find_domain(ports, "web"));
    REQUIRE_FALSE(destroyed);
    CHECK(destroyed.error().fault == Fault::leftovers);
    CHECK(destroyed.error().cause.find("somebody maps its memory") != std::string::npos);
    machine.hosted().domains().release(id->domid);
    std::vector<Error> damaged;
    const auto again = run::recover(ports, damaged); // what the next xvmd does
    REQUIRE(again);
    CHECK(again->size() == 1);
    CHECK(machine.ledger() == before);
}

TEST_CASE("Guests that ended on their own are cleaned up by destroy") {
    Machine machine;
    const std::string before = machine.ledger();
    auto ports = machine.ports();
    for (const unsigned reason : {0u, 1u, 3u}) {
        const auto id = machine.create(machine.guest());
        REQUIRE(id);
        machine.hosted().domains().shut_down(id->domid, reason);
        CHECK(machine.destroy(*run::find_domain(ports, "web")));
        CHECK(machine.ledger() == before);
    }
}
