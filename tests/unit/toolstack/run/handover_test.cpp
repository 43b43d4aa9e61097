// SPDX-License-Identifier: Apache-2.0
// [H-3] [H-8] [H-10] [H-11] [H-13] [H-14] Physical devices given, moved and released on a make-believe
// machine: the guests' side is the kernel module's own logic, and every call of the host may fail once.
#include "libvmshare/port/faulty/direct.hpp"
#include "tests/unit/toolstack/run/direct_double.hpp"
#include "tests/unit/toolstack/run/machine.hpp"
#include "toolstack/plan/plan_direct.hpp"
#include "toolstack/run/handover.hpp"

using namespace xvm;
using namespace xvm::tests;
using namespace std::chrono_literals;
using Mood = Direct_guest::Mood;
using plan::Direct_phase;

namespace {

const port::Pci_address address{0, 0, 0x10, 0};

class World {
  public:
    port::hosted::Direct_ledger ledger;
    Machine machine;
    std::unique_ptr<run::Direct_book> book;
    Domain_id a, b;
    std::unique_ptr<Direct_guest> guest_a, guest_b;

    World() {
        ledger.add({address, 0x1234, 0x11e8, 0xff0000, 0xfea00000, 0x100000, true, {}, {}});
        std::vector<Error> damaged;
        book = std::move(*run::Direct_book::open(machine.path("devices"), damaged));
        a = *machine.create(guest("a"));
        b = *machine.create(guest("b"));
        guest_a = std::make_unique<Direct_guest>(machine.hosted().host(), ledger, a.domid);
        guest_b = std::make_unique<Direct_guest>(machine.hosted().host(), ledger, b.domid);
        process_ = std::move(*port::hosted::start_process(machine.hosted().host(), dom0));
    }
    [[nodiscard]] plan::Guest_config guest(const std::string& name) const {
        plan::Guest_config config = machine.guest(name);
        config.disks.clear();
        config.direct = true;
        config.memory_max_bytes += 1ULL << 20; // what makes room here gives nothing up
        return config;
    }
    [[nodiscard]] run::Ports ports(port::Direct_devices& direct) {
        run::Ports all = machine.ports();
        all.direct = &direct;
        all.grants = &process_->grants();
        all.events = &process_->events();
        all.devices = book.get();
        return all;
    }
    [[nodiscard]] static plan::Direct_end end(const std::string& name, const Domain_id& id) {
        return {name, id.uuid.text(), number(id.domid), true};
    }
    [[nodiscard]] plan::Direct_order order(bool from_a, bool to_b, std::int64_t limit_ms = 2000) const {
        plan::Direct_order order;
        order.device = address.text();
        if (from_a) order.from = end("a", a);
        if (to_b) order.to = end("b", b);
        order.limit_ms = limit_ms;
        return order;
    }
    Status run(const plan::Plan& plan) { return run(plan, ledger); }
    Status run(const plan::Plan& plan, port::Direct_devices& direct) {
        run::Ports all = ports(direct);
        const auto done = run::perform(all, plan, {}, a.domid);
        return done ? Status{} : Status(tl::unexpected<Error>(done.error()));
    }
    void give_to_a() {
        plan::Direct_order to_a = order(false, false);
        to_a.to = end("a", a);
        const Status given = run(plan::plan_direct_assign(to_a));
        INFO((given ? std::string() : given.error().line()));
        REQUIRE(given);
        REQUIRE(guest_a->state == XVM_DEV_RUNNING);
    }
    [[nodiscard]] plan::Direct_record record() const { return book->look(address.text()); }

    /// H-13: in exactly one guest, or nobody's; nothing else is open to anybody; no page is missing.
    void check_whole() {
        const bool in_a = guest_a->state == XVM_DEV_RUNNING;
        const bool in_b = guest_b->state == XVM_DEV_RUNNING;
        CHECK_FALSE((in_a && in_b));
        const auto owner = ledger.owner(address);
        if (in_a) CHECK(owner == a.domid);
        if (in_b) CHECK(owner == b.domid);
        if (!in_a && !in_b) CHECK((!owner || owner == dom0));
        CHECK(ledger.on(address) == (in_a || in_b));
        CHECK(ledger.interrupts() == (in_a || in_b ? 1U : 0U));
        CHECK(ledger.open_to(address).size() == (in_a || in_b ? 1U : 0U));
        CHECK(ledger.rooms() == 0);
        CHECK(guest_a->holes == 0);
        CHECK(guest_b->holes == 0);
        const auto now = record();
        CHECK((now.phase == Direct_phase::assigned) == (in_a || in_b));
        if (now.phase == Direct_phase::assigned) CHECK(now.holder.name == (in_a ? "a" : "b"));
        if (now.phase == Direct_phase::held) CHECK_FALSE(now.reason.empty());
    }

  private:
    std::unique_ptr<port::hosted::Process> process_;
};

} // namespace

TEST_CASE("A device goes to a guest, to another, and back to the host [H-8] [S-6]", "[handover]") {
    World world;
    world.give_to_a();
    world.check_whole();
    REQUIRE(world.run(plan::plan_direct_move(world.order(true, true))));
    CHECK(world.guest_b->state == XVM_DEV_RUNNING);
    CHECK(world.guest_a->state == XVM_DEV_ABSENT);
    world.check_whole();
    plan::Direct_order back = world.order(false, false);
    back.from = World::end("b", world.b);
    back.to_host = true;
    REQUIRE(world.run(plan::plan_direct_release(back)));
    CHECK(world.ledger.owner(address) == dom0);
    CHECK(world.ledger.lost_frames() == 0);
    world.check_whole();
}

TEST_CASE("Each step is one message, in the order of the book [H-11]", "[handover]") {
    World world;
    world.give_to_a();
    REQUIRE(world.run(plan::plan_direct_move(world.order(true, true))));
    for (const auto kind : {XVM_DEV_STOP, XVM_DEV_FLIP, XVM_DEV_REFILL})
        CHECK(world.guest_a->done[kind] == 1);
    for (const auto kind : {XVM_DEV_PREPARE, XVM_DEV_TAKE, XVM_DEV_RUN})
        CHECK(world.guest_b->done[kind] == 1);
}

TEST_CASE("A device that somebody has is given to nobody else [H-10]", "[handover]") {
    World world;
    world.give_to_a();
    const Status refused = world.run(plan::plan_direct_assign(world.order(false, true)));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().fault == Fault::busy);
    const auto turn = world.book->turn(address.text());
    const Status busy = world.run(plan::plan_direct_move(world.order(true, true)));
    REQUIRE_FALSE(busy);
    CHECK(busy.error().fault == Fault::busy);
    world.check_whole();
}

TEST_CASE("What a target cannot do is known before the source stops [H-4]", "[handover]") {
    World world;
    world.give_to_a();
    Fault wanted = Fault::exhausted;
    SECTION("no driver") {
        world.guest_b->driver = false;
    }
    SECTION("no access to devices") {
        world.ledger.deny(world.b.domid);
    }
    SECTION("no module") {
        world.guest_b.reset();
        REQUIRE(world.machine.store().remove("/local/domain/" + std::to_string(number(world.b.domid)) +
                                             "/" XVM_DEV_GUEST_DIR));
    }
    SECTION("it does not answer") {
        world.guest_b->mood = Mood::silent;
        wanted = Fault::timeout;
    }
    SECTION("it answers garbage") {
        world.guest_b->mood = Mood::garbage;
        wanted = Fault::timeout;
    }
    SECTION("it answers another question") {
        world.guest_b->mood = Mood::wrong_kind;
        wanted = Fault::timeout;
    }
    SECTION("its room is nonsense") {
        world.guest_b->mood = Mood::nonsense_room;
        wanted = Fault::timeout;
    }
    const Status refused = world.run(plan::plan_direct_move(world.order(true, true)));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().fault == wanted);
    CHECK(world.guest_a->done[XVM_DEV_STOP] == 0);
    CHECK(world.guest_a->state == XVM_DEV_RUNNING);
    CHECK(world.ledger.owner(address) == world.a.domid);
}

TEST_CASE("A source that does not stop in time keeps the device, and goes on [H-14]", "[handover]") {
    World world;
    world.give_to_a();
    world.guest_a->mood = Mood::busy;
    const Status late = world.run(plan::plan_direct_move(world.order(true, true, 500)));
    REQUIRE_FALSE(late);
    CHECK(late.error().fault == Fault::timeout);
    CHECK(world.guest_a->state == XVM_DEV_RUNNING);
    world.check_whole();
}

TEST_CASE("By force it is taken from a guest that hangs, and what is lost is said", "[handover]") {
    World world;
    world.give_to_a();
    world.guest_a->mood = Mood::silent;
    plan::Direct_order order = world.order(true, true, 500);
    order.force = true;
    REQUIRE(world.run(plan::plan_direct_move(order)));
    CHECK(world.guest_b->state == XVM_DEV_RUNNING);
    CHECK(world.ledger.owner(address) == world.b.domid);
    CHECK(world.record().lost);
    CHECK(world.record().holder.name == "b");
    CHECK(world.guest_b->holes == 0);
    CHECK(world.ledger.rooms() == 0);
}

TEST_CASE("Pages that do not come leave the device held, and no page missing [H-13]", "[handover]") {
    World world;
    world.give_to_a();
    world.guest_a->mood = Mood::loses_pages;
    const Status failed = world.run(plan::plan_direct_move(world.order(true, true)));
    REQUIRE_FALSE(failed);
    CHECK(world.record().phase == Direct_phase::held);
    CHECK_FALSE(world.ledger.owner(address));
    world.check_whole();
}

TEST_CASE("Every call to the host fails once: the device runs in one guest, or is held [H-13]",
          "[handover]") {
    const unsigned failed = port::faulty::sweep(Fault::failed, [](port::faulty::Plan& faults) {
        World world;
        world.give_to_a();
        port::faulty::Faulty_direct direct(world.ledger, faults);
        const Status moved = world.run(plan::plan_direct_move(world.order(true, true)), direct);
        if (moved) CHECK(world.guest_b->state == XVM_DEV_RUNNING);
        world.check_whole();
    });
    CHECK(failed > 10);
}

TEST_CASE("A phase follows only the one before it [H-11]", "[handover]") {
    using enum Direct_phase;
    const std::array order{assigned, stopped, cut, flipped, given, taken, assigned};
    for (std::size_t i = 0; i + 1 < order.size(); ++i)
        CHECK(plan::may_follow(order.at(i), order.at(i + 1), false));
    unsigned allowed = 0;
    for (const auto before : {host, held, assigned, stopped, cut, flipped, given, taken})
        for (const auto after : {assigned, stopped, cut, flipped, given, taken})
            allowed += before != after && plan::may_follow(before, after, false) ? 1U : 0U;
    CHECK(allowed == order.size() - 1);
    // The broken twin: one that gives the device before its pages went.
    CHECK_FALSE(plan::may_follow(cut, given, false));
    CHECK_FALSE(plan::may_follow(stopped, flipped, false));
    CHECK_FALSE(plan::may_follow(flipped, taken, false));
}
