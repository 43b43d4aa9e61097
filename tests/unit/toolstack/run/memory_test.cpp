// SPDX-License-Identifier: Apache-2.0
// Memory on its way: what flows, what is promised, and that every call may fail once and nothing is lost.
#include "toolstack/run/memory_flow.hpp"

#include "libvmshare/port/faulty/decorators.hpp"
#include "tests/unit/toolstack/run/machine.hpp"
#include "toolstack/plan/plan_move.hpp"
#include "toolstack/run/memory_engines.hpp"
#include "toolstack/run/reservations.hpp"
#include "toolstack/run/wishes.hpp"

#include <thread>

using namespace xvm;
using namespace xvm::tests;
using namespace std::chrono_literals;
using port::Memory_progress;
using port::Memory_side;
using port::Memory_state;

namespace {

constexpr std::uint64_t mib = 1ULL << 20;

/// Guests of a few MiB each, and what is free: they move a step nearer to what they are asked for each time
/// somebody pauses.
class World_double final : public port::Memory_engine {
  public:
    struct Guest {
        std::uint64_t has = 0, wanted = 0, limit = 0, step = 4 * mib;
        bool refuses = false, gone = false;
    };
    std::map<Domid, Guest> guests;
    std::uint64_t free = 0;
    int offers = 0;

    void step() {
        for (auto& [domid, guest] : guests) {
            if (guest.gone) continue;
            if (guest.wanted < guest.has) {
                const std::uint64_t gives = std::min(guest.step, guest.has - guest.wanted);
                guest.has -= gives;
                free += gives;
            }
            const std::uint64_t room = std::min(guest.wanted, guest.limit);
            if (room > guest.has) {
                const std::uint64_t takes = std::min({guest.step, room - guest.has, free});
                guest.has += takes;
                free -= takes;
            }
        }
    }
    std::uint64_t sum() const {
        std::uint64_t all = free;
        for (const auto& [domid, guest] : guests)
            all += guest.has;
        return all;
    }
    run::Flow_end end(Domid domid, std::uint64_t to_bytes) {
        const Guest& guest = guests[domid];
        return {this, {{domid, {}}, guest.has, guest.has, guest.limit}, "guest", to_bytes};
    }

    port::Memory_kind kind() const noexcept override { return port::Memory_kind::balloon; }
    Result<std::uint64_t> granularity_bytes(const Domain_id&) override { return 4096; }
    Result<Memory_side> look(const Domain_id& id) override {
        return Memory_side{id, guests[id.domid].has, guests[id.domid].has, guests[id.domid].limit};
    }
    Status ask(const Memory_side& from, std::uint64_t leave) override {
        guests[from.id.domid].wanted = guests[from.id.domid].limit = leave;
        return {};
    }
    Result<Memory_progress> released(const Memory_side& from, std::uint64_t leave) override {
        const Guest& guest = guests[from.id.domid];
        if (guest.gone) return Memory_progress{0, Memory_state::gone, 0, {}};
        if (guest.refuses) return Memory_progress{guest.has, Memory_state::refused, 0x81, "busy"};
        return Memory_progress{
            guest.has, guest.has <= leave ? Memory_state::done : Memory_state::working, 0, {}};
    }
    Status withdraw(const Memory_side& from, std::uint64_t keep) override { return ask(from, keep); }
    Status offer(const Memory_side& to, std::uint64_t have) override {
        Guest& guest = guests[to.id.domid];
        if (guest.gone) return fail(Fault::not_found, "guest", "is gone");
        REQUIRE(have - std::min(have, guest.has) <= free); // nothing that is not there is offered
        guest.wanted = guest.limit = have;
        ++offers;
        return {};
    }
    Result<Memory_progress> taken(const Memory_side& to, std::uint64_t have) override {
        const Guest& guest = guests[to.id.domid];
        if (guest.gone) return Memory_progress{0, Memory_state::gone, 0, {}};
        return Memory_progress{
            guest.has, guest.has >= have ? Memory_state::done : Memory_state::working, 0, {}};
    }
};

constexpr Domid a{1}, b{2}, c{3};

/// 64 MiB from `a` to `b`.
struct Flowing {
    World_double world;
    run::Flow flow;
    std::uint64_t sum = 0;

    Flowing() {
        world.guests[a] = {256 * mib, 256 * mib, 256 * mib};
        world.guests[b] = {128 * mib, 128 * mib, 128 * mib};
        world.free = 32 * mib;
        flow.givers = {world.end(a, 192 * mib)};
        flow.taker = world.end(b, 192 * mib);
        sum = world.sum();
    }
    run::Flow_outcome run(std::chrono::milliseconds limit = 10s,
                          const std::function<void()>& meanwhile = {}) {
        return run::run_flow(flow, limit, {{}, {}, [&](std::chrono::milliseconds) {
                                               world.step();
                                               CHECK(world.sum() == sum);
                                               if (meanwhile) meanwhile();
                                           }});
    }
};

} // namespace

TEST_CASE("What a giver has released so far is the taker's at once, and their sum stays the same [M-14]") {
    Flowing one;
    std::uint64_t first = 0;
    const auto outcome = one.run(10s, [&] {
        if (first == 0 && one.world.guests[b].has > 128 * mib) first = one.world.guests[a].has;
    });
    CHECK(outcome.complete);
    CHECK(outcome.released_bytes == 64 * mib);
    CHECK(outcome.taken_bytes == 64 * mib);
    CHECK(one.world.guests[a].has == 192 * mib);
    CHECK(one.world.guests[b].has == 192 * mib);
    CHECK(one.world.free == 32 * mib);
    CHECK(first > 192 * mib); // the giver had not come down yet
    CHECK(one.world.offers <= 6);
}

TEST_CASE("A giver that refuses ends it, with its status [M-11]") {
    Flowing one;
    one.world.guests[a].refuses = true;
    const auto outcome = one.run();
    REQUIRE_FALSE(outcome.complete);
    CHECK(outcome.complete.error().fault == Fault::exhausted);
    CHECK(outcome.complete.error().cause.find("status 129") != std::string::npos);
    CHECK(one.world.guests[b].has == 128 * mib);
}

TEST_CASE("A giver that does nothing is waited for only so long [M-12]") {
    Flowing one;
    one.world.guests[a].step = 0;
    const auto outcome = one.run(30ms);
    REQUIRE_FALSE(outcome.complete);
    CHECK(outcome.complete.error().fault == Fault::timeout);
}

TEST_CASE(
    "Others give instead of one that stalls or refuses, if they can make up for all of it [M-11] [M-12]") {
    const bool refuses = GENERATE(false, true);
    const std::uint64_t room = GENERATE(48 * mib, 16 * mib);
    CAPTURE(refuses, room);
    World_double world;
    world.guests[a] = {256 * mib, 256 * mib, 256 * mib};
    world.guests[b] = {128 * mib, 128 * mib, 128 * mib};
    world.guests[c] = {128 * mib, 128 * mib, 128 * mib};
    world.guests[a].step = 0;
    world.guests[a].refuses = refuses;
    run::Flow flow;
    flow.givers = {world.end(a, 224 * mib), world.end(b, 120 * mib), world.end(c, 128 * mib)};
    flow.givers[1].least_bytes = 120 * mib - room / 4;
    flow.givers[2].least_bytes = 128 * mib - room + room / 4;
    flow.givers[1].step_bytes = flow.givers[2].step_bytes = mib;
    const std::uint64_t sum = world.sum();
    const auto outcome = run::run_flow(flow, 400ms, {{}, {}, [&](std::chrono::milliseconds) {
                                                         std::this_thread::sleep_for(1ms);
                                                         world.step();
                                                         CHECK(world.sum() == sum);
                                                     }});
    CHECK(world.guests[a].has == 256 * mib);
    CHECK(outcome.complete.has_value() == (room == 48 * mib));
    CHECK(outcome.released_bytes == (room == 48 * mib ? 40 : refuses ? 0 : 8) * mib);
    CHECK(world.guests[a].wanted == (room == 48 * mib ? 256 : 224) * mib); // asked no more
}

TEST_CASE("The memory of a giver that has died reaches the taker [M-15]") {
    Flowing one;
    bool died = false;
    const auto outcome = one.run(10s, [&] {
        if (died || one.world.guests[a].has > 240 * mib) return;
        died = one.world.guests[a].gone = true;
        one.world.free += std::exchange(one.world.guests[a].has, 0);
    });
    CHECK(outcome.complete);
    CHECK(one.world.guests[b].has == 192 * mib);
}

TEST_CASE("A taker that has died ends it [M-15]") {
    Flowing one;
    const auto outcome = one.run(10s, [&] {
        if (one.world.guests[b].has > 140 * mib) {
            one.world.free += std::exchange(one.world.guests[b].has, 0);
            one.world.guests[b].gone = true;
        }
    });
    REQUIRE_FALSE(outcome.complete);
    CHECK(outcome.complete.error().fault == Fault::not_found);
}

TEST_CASE("Promised memory is what givers gave and the taker has not, whoever of them is gone") {
    const Uuid giver = Uuid::random(), taker = Uuid::random();
    const run::Reservation one{Uuid::random(), "move",   10 * mib, {{giver, 256 * mib, 192 * mib}},
                               taker,          100 * mib};
    const auto promised = [&](std::uint64_t giver_has, std::uint64_t taker_has) {
        std::vector<port::Domain_info> domains(2);
        domains[0].id.uuid = giver;
        domains[0].memory_bytes = giver_has;
        domains[1].id.uuid = taker;
        domains[1].memory_bytes = taker_has;
        return run::promised_bytes(one, domains) / mib;
    };
    CHECK(promised(256 * mib, 100 * mib) == 10);
    CHECK(promised(226 * mib, 100 * mib) == 40);
    CHECK(promised(226 * mib, 130 * mib) == 10);
    CHECK(promised(192 * mib, 174 * mib) == 0);
    CHECK(promised(100 * mib, 100 * mib) == 74); // it gave more than was asked of it: that is nobody's
    CHECK(run::promised_bytes(one, {}) == 74 * mib);
}

TEST_CASE(
    "What is promised to one is not given to another, also by the next xvmd; a damaged one is set aside") {
    Machine machine;
    std::vector<Error> damaged;
    const std::uint64_t free = machine.domains().host()->free_bytes;
    const run::Reservation half{Uuid::random(), "one", free / 2, {}, Uuid::random(), 0};
    {
        const auto book = std::move(*run::Reservations::open(machine.path("promises"), mib, damaged));
        CHECK(book->reserve(machine.domains(), half, run::Reservations::Kept::in_file));
        CHECK(book->available(machine.domains()) == free - free / 2 - mib);
        run::Reservation more{Uuid::random(), "two", free / 2, {}, Uuid::random(), 0};
        CHECK(book->reserve(machine.domains(), more, run::Reservations::Kept::in_file).error().fault ==
              Fault::exhausted);
        more.free_bytes -= mib;
        CHECK(book->reserve(machine.domains(), more, run::Reservations::Kept::in_memory));
    }
    machine.write_file("promises/x.reservation", "{");
    const auto next = std::move(*run::Reservations::open(machine.path("promises"), mib, damaged));
    CHECK(damaged.size() == 1);
    CHECK(next->all() == std::vector{half});
    CHECK(next->drop_all() == 1);
    CHECK(next->available(machine.domains()) == free - mib);
}

namespace {

/// Two guests that do at once what their nodes ask, and the order for 32 MiB from one to the other.
class Moving_machine : public Machine {
  public:
    Moving_machine() {
        std::vector<Error> damaged;
        promises = std::move(*run::Reservations::open(path("promises"), 0, damaged));
        backend().on_write = [this](const std::string& where, std::string_view value) {
            for (const Domain_id& id : ids)
                if (obedient &&
                    where == "/local/domain/" + std::to_string(number(id.domid)) + "/memory/target")
                    hosted().domains().balloon(id.domid, std::stoull(std::string(value)) << 10);
        };
        for (const char* name : {"giver", "taker"}) {
            plan::Guest_config config = guest(name);
            config.type = plan::Guest_type::pv;
            config.memory_max_bytes = 128 * mib;
            config.disks.clear();
            const auto made = create(config);
            REQUIRE(made);
            ids.push_back(*made);
        }
    }
    [[nodiscard]] run::Ports moving_ports() {
        run::Ports all = ports();
        all.patience.memory = 50ms;
        all.reservations = promises.get();
        return all;
    }
    [[nodiscard]] plan::Plan plan(bool partial = false) {
        run::Ports all = moving_ports();
        const auto end = [&](std::size_t which, std::int64_t more) {
            const auto engine = run::open_memory_engine(all, port::Memory_kind::balloon);
            const Memory_side side = *engine->look(ids[which]);
            return plan::Memory_end{which == 0 ? "giver" : "taker",
                                    side.id.uuid.text(),
                                    number(side.id.domid),
                                    "balloon",
                                    side.memory_bytes,
                                    side.target_bytes,
                                    side.limit_bytes,
                                    side.memory_bytes + static_cast<std::uint64_t>(more)};
        };
        const std::int64_t amount = 32LL << 20;
        return plan::plan_move({"giver", ids[0]}, {Uuid::random().text(),
                                                   "move",
                                                   ids[1].uuid.text(),
                                                   0,
                                                   {end(0, -amount)},
                                                   {end(1, amount)},
                                                   100,
                                                   partial});
    }
    [[nodiscard]] std::uint64_t has(std::size_t which) {
        return domains().info(ids[which].domid)->memory_bytes;
    }

    std::vector<Domain_id> ids;
    bool obedient = true;
    std::unique_ptr<run::Reservations> promises;
};

} // namespace

TEST_CASE("A move in which any one call fails has moved all or nothing, and promises nothing any more",
          "[sweep]") {
    Moving_machine machine;
    const std::string before = machine.ledger();
    const plan::Plan plan = machine.plan();
    int failed = 0;
    const unsigned calls = port::faulty::sweep(Fault::failed, [&](port::faulty::Plan& faults) {
        INFO("call " << faults.calls() + 1);
        run::Ports sound = machine.moving_ports();
        port::faulty::Faulty_domains domains(sound.domains, faults);
        port::faulty::Faulty_store store(sound.store, faults);
        run::Ports ports{domains, store, sound.block_backend, sound.patience, sound.book, sound.journal};
        ports.reservations = sound.reservations;
        const auto moved = run::perform(ports, plan, {}, machine.ids[0].domid);
        CHECK(machine.promises->all().empty());
        if (moved) {
            CHECK(machine.has(0) == 32 * mib);
            CHECK(machine.has(1) == 96 * mib);
            // Back again, by hand.
            run::Ports back = machine.moving_ports();
            for (const std::size_t which : {1U, 0U}) {
                REQUIRE(back.domains.set_memory_max(machine.ids[which].domid, 128 * mib));
                REQUIRE(run::ask_memory(back.store, machine.ids[which].domid, 64 * mib));
            }
        } else {
            ++failed;
        }
        CHECK(machine.ledger() == before);
        CHECK(machine.domains().info(machine.ids[0].domid)->memory_max_bytes == 128 * mib);
        CHECK(machine.domains().info(machine.ids[1].domid)->memory_max_bytes == 128 * mib);
    });
    CHECK(calls > 10);
    CHECK(failed > 5);
}

TEST_CASE("A move that xvmd did not live to end is taken back by the next, from the journal alone [M-15]") {
    for (const std::string_view step : {"ask-memory", "pass-memory"}) {
        Moving_machine machine;
        const std::string before = machine.ledger();
        run::Ports ports = machine.moving_ports();
        run::Hooks hooks;
        hooks.after = [&](const plan::Step& done) -> Status {
            if (done.op == step) machine.keep_journal();
            return {};
        };
        REQUIRE(run::perform(ports, machine.plan(), hooks, machine.ids[0].domid));
        machine.put_journal_back();
        std::vector<Error> damaged;
        const auto recovered = run::recover(ports, damaged);
        REQUIRE(recovered);
        REQUIRE(recovered->size() == 1);
        CHECK(recovered->front().outcome);
        CHECK_FALSE(recovered->front().finished);
        CHECK(machine.has(0) == 64 * mib);
        CHECK(machine.has(1) == 64 * mib);
        CHECK(machine.ledger() == before);
        CHECK(machine.promises->all().empty());
    }
}

TEST_CASE("What a move in part has moved stays moved when it is undone: the taker may use it by now [M-15]") {
    for (const std::string_view step : {"reserve-memory", "ask-memory", "pass-memory"}) {
        CAPTURE(step);
        Moving_machine machine;
        const std::uint64_t free = machine.domains().host()->free_bytes;
        run::Hooks hooks;
        hooks.after = [&](const plan::Step& done) -> Status {
            return done.op == step ? fail(Fault::failed, "xvmd", "ends") : Status{};
        };
        run::Ports ports = machine.moving_ports();
        CHECK_FALSE(run::perform(ports, machine.plan(true), hooks, machine.ids[0].domid));
        const bool begun = step != "reserve-memory";
        CHECK(machine.has(0) == (begun ? 32 : 64) * mib);
        CHECK(machine.has(1) == (begun ? 96 : 64) * mib);
        CHECK(machine.domains().host()->free_bytes == free);
        CHECK(machine.promises->all().empty());
    }
}

TEST_CASE("A guest that hears nothing keeps what it has, and is asked to") {
    Moving_machine machine;
    const std::string before = machine.ledger();
    machine.obedient = false;
    run::Ports ports = machine.moving_ports();
    const auto moved = run::perform(ports, machine.plan(), {}, machine.ids[0].domid);
    REQUIRE_FALSE(moved);
    CHECK(moved.error().fault == Fault::timeout);
    CHECK(machine.ledger() == before);

    // Without what takes it back it would give later, to nobody.
    plan::Plan broken = machine.plan();
    for (plan::Step& step : broken.steps)
        step.undo.clear();
    CHECK_FALSE(run::perform(ports, broken, {}, machine.ids[0].domid));
    CHECK(run::memory_target(machine.store(), machine.ids[0].domid, 0) == 32 * mib);
}
