// SPDX-License-Identifier: Apache-2.0
// [H-3] [H-8] [H-10] [H-11] [H-13] [H-14] Physical devices given, moved and released on a make-believe
// machine: the guests' side is the kernel module's own logic, and every call of the host may fail once.
#include "tests/unit/toolstack/run/direct_world.hpp"

using namespace xvm;
using namespace xvm::tests;
using namespace std::chrono_literals;
using Mood = Direct_guest::Mood;
using plan::Direct_phase;

namespace {

using World = Direct_world;

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
    SECTION("it answers twice") {
        world.guest_b->mood = Mood::twice;
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

TEST_CASE("A device that cannot be given to a guest is refused, and stays where it is [H-10]", "[handover]") {
    World world;
    port::Pci_device device = *world.ledger.look(address);
    Fault wanted = Fault::busy;
    SECTION("dom0's driver has it") {
        device.driver = "nvme";
    }
    SECTION("the IOMMU cannot tell it from another") {
        device.group = {{0, 0, 0x10, 1}};
    }
    SECTION("no registers in memory") {
        device.registers = 0;
        wanted = Fault::exhausted;
    }
    SECTION("no interrupt by message") {
        device.msi = false;
        wanted = Fault::exhausted;
    }
    SECTION("no IOMMU") {
        world.ledger.set_available(false);
        wanted = Fault::exhausted;
    }
    world.ledger.add(device);
    const Status refused = world.run(plan::plan_direct_assign(world.order(false, true)));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().fault == wanted);
    CHECK_FALSE(refused.error().remedy.empty());
    CHECK(world.ledger.owner(address) == dom0);
    world.check_whole();
}

TEST_CASE(
    "A target that may not own the region beside its own is refused, and the source goes on [H-4] [H-13]",
    "[handover]") {
    World world(0); // of memory beyond what it has
    world.give_to_a();
    const Status refused = world.run(plan::plan_direct_move(world.order(true, true)));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().fault == Fault::exhausted);
    CHECK(world.guest_a->state == XVM_DEV_RUNNING);
    world.check_whole();
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
    CHECK(failed.error().fault == Fault::busy);
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
