// SPDX-License-Identifier: Apache-2.0
// The BLOCK engine against guests that do as they should, and against those that do not.
#include "libvmshare/port/faulty/decorators.hpp"
#include "tests/unit/libvmshare/memory/guest_double.hpp"

#include <random>

using namespace xvm;
using namespace xvm::tests;
using memory::Block_engine;
using port::Memory_progress;
using port::Memory_side;
using port::Memory_state;
using Mood = Guest_double::Mood;

namespace {

constexpr std::uint64_t full = boot_bytes + 2 * block_bytes; ///< what a guest of Block_machine begins with

Memory_side side(Block_engine& engine, const Domain_id& id) {
    const auto looked = engine.look(id);
    REQUIRE(looked);
    return *looked;
}

/// Lets the guest run and looks, until it is not working any more, 20 times at most.
Memory_progress until_settled(Block_engine& engine, Guest_double& guest, const Memory_side& from,
                              std::uint64_t leave) {
    for (int i = 0; i < 20; ++i) {
        const auto progress = engine.released(from, leave);
        REQUIRE(progress);
        if (progress->state != Memory_state::working) return *progress;
        guest.step();
    }
    return *engine.released(from, leave);
}

Memory_progress until_taken(Block_engine& engine, Guest_double& guest, const Memory_side& to,
                            std::uint64_t have) {
    for (int i = 0; i < 20; ++i) {
        const auto progress = engine.taken(to, have);
        REQUIRE(progress);
        if (progress->state != Memory_state::working) return *progress;
        guest.step();
    }
    return *engine.taken(to, have);
}

/// A machine, and the guest of it that is asked.
struct Giver {
    Block_machine machine;
    Block_engine engine{machine.ledger, machine.store()};
    Guest_double& guest = *machine.guests[0];
    const Memory_side from = side(engine, machine.ids[0]);
};

} // namespace

TEST_CASE("A block goes from one guest to another, and nobody else has more or less",
          "[M-1][M-2][M-3][M-5][M-6][M-13]") {
    Block_machine machine(0);
    Block_engine engine(machine.ledger, machine.store());
    const Memory_side from = side(engine, machine.ids[0]);
    const Memory_side to = side(engine, machine.ids[1]);
    REQUIRE(machine.memory(0) == full);
    const std::uint64_t free = machine.free_bytes();
    CHECK(engine.offer(to, full + block_bytes).error().fault == Fault::exhausted);
    CHECK(machine.memory(1) == full);

    REQUIRE(engine.ask(from, full - block_bytes));
    REQUIRE(engine.ask(from, full - block_bytes)); // once more changes nothing
    CHECK(machine.memory(0) == full);              // it has not answered
    CHECK(until_settled(engine, *machine.guests[0], from, full - block_bytes).state == Memory_state::done);
    CHECK(machine.guests[0]->eject_notices == std::vector<std::uint32_t>{1});
    CHECK(machine.guests[1]->eject_notices.empty());
    CHECK(machine.guests[0]->present == std::set<std::uint32_t>{0});
    CHECK(machine.memory(0) == full - block_bytes);
    CHECK(machine.free_bytes() == free + block_bytes);

    REQUIRE(engine.offer(to, full + block_bytes));
    CHECK(machine.free_bytes() == free);
    CHECK(until_taken(engine, *machine.guests[1], to, full + block_bytes).state == Memory_state::done);
    CHECK(machine.guests[1]->insert_notices == std::vector<std::uint32_t>{2});
    CHECK(machine.guests[1]->present == std::set<std::uint32_t>{0, 1, 2});
    CHECK(machine.guests[1]->word(2) == "assigned 1");
    machine.check_tidy();
}

TEST_CASE_METHOD(Giver, "Several blocks at once, and back again", "[M-17]") {
    for (int round = 0; round < 3; ++round) {
        REQUIRE(engine.ask(from, boot_bytes));
        CHECK(until_settled(engine, guest, from, boot_bytes).state == Memory_state::done);
        CHECK(guest.present.empty());
        REQUIRE(engine.withdraw(from, from.memory_bytes));
        REQUIRE(engine.offer(from, full));
        CHECK(until_taken(engine, guest, from, full).state == Memory_state::done);
        CHECK(guest.present.size() == 2);
    }
    CHECK(guest.eject_notices.size() == 6);
    machine.check_tidy();
}

TEST_CASE_METHOD(Giver, "A guest that is busy keeps what it has, and its status is told", "[M-11]") {
    guest.mood = Mood::busy;
    REQUIRE(engine.ask(from, full - block_bytes));
    const Memory_progress progress = until_settled(engine, guest, from, full - block_bytes);
    CHECK(progress.state == Memory_state::refused);
    CHECK(progress.status == 0x82);
    CHECK_THAT(progress.why, Catch::Contains("busy") && Catch::Contains("0x82"));
    CHECK(machine.memory(0) == full);
    // Another block was tried, each once.
    CHECK(guest.eject_notices == std::vector<std::uint32_t>{1, 0});
    REQUIRE(engine.withdraw(from, full));
    CHECK(guest.word(0).starts_with("assigned "));
    CHECK(guest.word(1).starts_with("assigned "));

    // The next operation asks anew.
    guest.mood = Mood::willing;
    Block_engine later(machine.ledger, machine.store());
    REQUIRE(later.ask(from, full - block_bytes));
    CHECK(until_settled(later, guest, from, full - block_bytes).state == Memory_state::done);
    machine.check_tidy();
}

TEST_CASE_METHOD(Giver, "A guest that would starve is not asked for another block", "[M-11]") {
    guest.mood = Mood::starving;
    REQUIRE(engine.ask(from, full - block_bytes));
    const Memory_progress progress = until_settled(engine, guest, from, full - block_bytes);
    CHECK(progress.status == 0x81);
    CHECK(guest.eject_notices.size() == 1);
}

TEST_CASE_METHOD(Giver, "Of several blocks refused part-way, what was given is told to the byte", "[M-11]") {
    REQUIRE(engine.ask(from, boot_bytes));
    while (guest.eject_notices.empty()) {
        REQUIRE(engine.released(from, boot_bytes));
        guest.step();
    }
    guest.mood = Mood::busy; // from the second on
    const Memory_progress progress = until_settled(engine, guest, from, boot_bytes);
    CHECK(progress.state == Memory_state::refused);
    CHECK(progress.memory_bytes == full - block_bytes);
    REQUIRE(engine.withdraw(from, full));
    guest.mood = Mood::willing;
    Block_engine back(machine.ledger, machine.store());
    REQUIRE(back.offer(from, full));
    CHECK(until_taken(back, guest, from, full).state == Memory_state::done);
    machine.check_tidy();
}

TEST_CASE_METHOD(Giver, "An answer that comes too late changes nothing", "[M-12]") {

    SECTION("the guest was silent and sees a notice that does not stand any more") {
        guest.mood = Mood::silent;
        REQUIRE(engine.ask(from, full - block_bytes));
        CHECK(until_settled(engine, guest, from, full - block_bytes).state == Memory_state::working);
        REQUIRE(engine.withdraw(from, full));
        guest.mood = Mood::willing;
        CHECK(until_settled(engine, guest, from, full).state == Memory_state::done);
        for (int i = 0; i < 5; ++i) {
            guest.step();
            REQUIRE(engine.released(from, full));
        }
        CHECK(guest.present.size() == 2);
    }
    SECTION("it has emptied the block when the host changes its mind, and keeps it") {
        guest.before_eject = [&] { REQUIRE(engine.withdraw(from, full)); };
        REQUIRE(engine.ask(from, full - block_bytes));
        for (int i = 0; i < 5; ++i) {
            REQUIRE(engine.released(from, full));
            guest.step();
        }
        CHECK(guest.present.size() == 2);
        CHECK(guest.word(1) == "assigned 1");
    }
    SECTION("it writes an ejection all the same, against the protocol") {
        REQUIRE(engine.ask(from, full - block_bytes));
        REQUIRE(engine.withdraw(from, full));
        guest.write("eject/1", "1");
        guest.write("ost/1", "1 0x3 0x0");
        CHECK(engine.released(from, full)->state == Memory_state::done);
        CHECK(guest.word(1) == "assigned 1");
    }
    CHECK(machine.memory(0) == full);
    machine.check_tidy();
}

TEST_CASE_METHOD(Giver,
                 "An ejection that was faster than the withdrawal counts, and the memory is given back anew",
                 "[M-12]") {
    REQUIRE(engine.ask(from, full - block_bytes));
    guest.step();
    REQUIRE(engine.released(from, full - block_bytes)); // answers its query
    guest.step();                                       // it ejects
    CHECK(machine.memory(0) == full);
    REQUIRE(engine.withdraw(from, full));
    CHECK(machine.memory(0) == full - block_bytes);
    CHECK(guest.word(1) == "free 1");
    REQUIRE(engine.offer(from, full));
    CHECK(until_taken(engine, guest, from, full).state == Memory_state::done);
    machine.check_tidy();
}

TEST_CASE_METHOD(Giver, "Doubled answers, garbage and words without deeds move nothing", "[M-12]") {
    REQUIRE(engine.ask(from, full - block_bytes));
    const auto moves_nothing = [&] {
        for (int i = 0; i < 3; ++i)
            CHECK(engine.released(from, full - block_bytes)->state == Memory_state::working);
        CHECK(machine.memory(0) == full);
    };
    SECTION("success is said, and nothing was ejected") {
        guest.mood = Mood::only_words;
        guest.step();
        REQUIRE(engine.released(from, full - block_bytes));
        guest.step();
        moves_nothing();
    }
    SECTION("an ejection of another slot, of another serial, of no number") {
        guest.write("eject/0", "1");
        guest.write("eject/3", "1");
        guest.write("eject/1", "2");
        moves_nothing();
        guest.write("eject/1", "1 ");
        guest.write("ost/1", std::string(2000, 'x'));
        moves_nothing();
        guest.write("ost/1", "1 0x1 0x82"); // about an insertion there was not
        moves_nothing();
    }
    SECTION("queries without end are answered one a look, with the truth") {
        std::mt19937 random(3);
        for (int i = 0; i < 100; ++i) {
            guest.write("query", std::to_string(random()) + " " + std::to_string(random()));
            REQUIRE(engine.released(from, full - block_bytes));
        }
        guest.write("query", "-1 0");
        moves_nothing();
    }
    SECTION("an ejection said twice") {
        CHECK(until_settled(engine, guest, from, full - block_bytes).state == Memory_state::done);
        guest.write("eject/1", "1");
        CHECK(engine.released(from, full - block_bytes)->state == Memory_state::done);
        CHECK(machine.memory(0) == full - block_bytes);
    }
    REQUIRE(engine.withdraw(from, full));
    machine.check_tidy();
}

TEST_CASE_METHOD(Giver, "A question that got lost is asked again with the next notice", "[M-12]") {
    REQUIRE(engine.ask(from, full - block_bytes));
    guest.step(); // it asks, and nobody looks
    REQUIRE(engine.withdraw(from, full));
    guest.write("query", "x");
    REQUIRE(engine.ask(from, full - block_bytes));
    CHECK(until_settled(engine, guest, from, full - block_bytes).state == Memory_state::done);
    machine.check_tidy();
}

TEST_CASE_METHOD(Giver, "An answer that was written over by the next is told again", "[M-3]") {
    REQUIRE(engine.ask(from, full - block_bytes));
    guest.step(); // asks for the first notice
    REQUIRE(engine.ask(from, full - 2 * block_bytes));
    REQUIRE(engine.released(from, full - 2 * block_bytes)); // answers about the first
    guest.write("query", "77 0");                           // as if it had asked again, before it looked
    REQUIRE(engine.released(from, full - 2 * block_bytes));
    CHECK(machine.store().read(schema::xvmem::host::dir(machine.ids[0].domid) + "/answer").value() ==
          "77 0x3 1 1");
    REQUIRE(engine.withdraw(from, full));
}

TEST_CASE_METHOD(Giver, "Without a module in the guest it is said so at once, and nothing is asked",
                 "[M-11]") {
    guest.unload();
    REQUIRE(engine.ask(from, full - block_bytes));
    const auto progress = engine.released(from, full - block_bytes);
    REQUIRE(progress);
    CHECK(progress->state == Memory_state::refused);
    CHECK(progress->status == 0x80);
    CHECK_THAT(progress->why, Catch::Contains("xvm_mem"));
    CHECK(guest.word(1) == "assigned 0");
    REQUIRE(engine.offer(from, full + block_bytes));
    CHECK(engine.taken(from, full + block_bytes)->state == Memory_state::refused);
    CHECK(machine.memory(0) == full);
}

TEST_CASE_METHOD(Giver, "A module that goes while it is asked, and comes again, finds the notice", "[M-12]") {
    REQUIRE(engine.ask(from, full - block_bytes));
    guest.unload();
    CHECK(engine.released(from, full - block_bytes)->state == Memory_state::refused);
    guest.load();
    CHECK(until_settled(engine, guest, from, full - block_bytes).state == Memory_state::done);
    machine.check_tidy();
}

TEST_CASE("An insertion that nobody has accepted is taken back; one that was refused, too", "[M-12]") {
    Block_machine machine;
    Block_engine engine(machine.ledger, machine.store());
    Guest_double& guest = *machine.guests[1];
    const Memory_side to = side(engine, machine.ids[1]);
    const std::uint64_t free = machine.free_bytes();
    SECTION("silent") {
        guest.mood = Mood::silent;
        REQUIRE(engine.offer(to, full + block_bytes));
        CHECK(until_taken(engine, guest, to, full + block_bytes).state == Memory_state::working);
        CHECK(machine.memory(1) == full + block_bytes);
        REQUIRE(engine.ask(to, full));
        CHECK(engine.released(to, full)->state == Memory_state::done);
        guest.mood = Mood::willing;
        for (int i = 0; i < 5; ++i) {
            guest.step();
            REQUIRE(engine.taken(to, full));
        }
        CHECK(guest.present.size() == 2);
    }
    SECTION("refused") {
        guest.mood = Mood::busy;
        REQUIRE(engine.offer(to, full + block_bytes));
        const Memory_progress progress = until_taken(engine, guest, to, full + block_bytes);
        CHECK(progress.state == Memory_state::refused);
        CHECK(progress.status == 0x81);
    }
    CHECK(machine.memory(1) == full);
    CHECK(machine.free_bytes() == free);
    machine.check_tidy();
}

TEST_CASE("A guest that dies at any step takes nothing along", "[M-15]") {
    for (int steps = 0; steps < 6; ++steps) {
        Block_machine machine;
        Block_engine engine(machine.ledger, machine.store());
        const std::uint64_t free = machine.free_bytes();
        const Memory_side from = side(engine, machine.ids[0]);
        REQUIRE(engine.ask(from, boot_bytes));
        for (int i = 0; i < steps; ++i) {
            REQUIRE(engine.released(from, boot_bytes));
            machine.guests[0]->step();
        }
        machine.destroy(0);
        CHECK(engine.released(from, boot_bytes)->state == Memory_state::gone);
        CHECK(engine.withdraw(from, full));
        CHECK(engine.ask(from, boot_bytes).error().fault == Fault::not_found);
        CHECK(machine.free_bytes() == free + full + mib / 4);
        machine.check_tidy();
    }
}

TEST_CASE("More than it has slots for is refused, not waited for", "[memory]") {
    Block_machine machine(8 * block_bytes);
    Block_engine engine(machine.ledger, machine.store());
    const Memory_side to = side(engine, machine.ids[1]);
    REQUIRE(engine.offer(to, full + 3 * block_bytes));
    const Memory_progress progress = until_taken(engine, *machine.guests[1], to, full + 3 * block_bytes);
    CHECK(progress.state == Memory_state::refused);
    CHECK(progress.memory_bytes == full + 2 * block_bytes);
    CHECK_THAT(progress.why, Catch::Contains("slot"));
    const Memory_side from = side(engine, machine.ids[0]);
    REQUIRE(engine.ask(from, 0));
    const Memory_progress given = until_settled(engine, *machine.guests[0], from, 0);
    CHECK(given.state == Memory_state::refused);
    CHECK(given.memory_bytes == boot_bytes);
    machine.check_tidy();
}

TEST_CASE("The successor of a host that stopped after any call goes on, and nothing is lost",
          "[M-14][M-15]") {
    // Each call of the first host fails, one after the other, and a new one ends what it began.
    const unsigned calls = port::faulty::sweep(Fault::failed, [](port::faulty::Plan& plan) {
        Block_machine machine(0);
        port::faulty::Faulty_domains domains(machine.ledger, plan);
        port::faulty::Faulty_store store(machine.store(), plan);
        const Memory_side from{machine.ids[0], full, full, full};
        const Memory_side to{machine.ids[1], full, full, full};
        const std::uint64_t all = machine.memory(0) + machine.memory(1) + machine.free_bytes();
        const auto move = [&](Block_engine& engine) -> Status {
            XVM_TRY(engine.ask(from, full - block_bytes));
            for (int i = 0; i < 10; ++i) {
                XVM_TRY_LET(const auto released, engine.released(from, full - block_bytes));
                if (released.state == Memory_state::done) break;
                machine.guests[0]->step();
            }
            XVM_TRY(engine.offer(to, full + block_bytes));
            for (int i = 0; i < 10; ++i) {
                XVM_TRY_LET(const auto taken, engine.taken(to, full + block_bytes));
                if (taken.state == Memory_state::done) break;
                machine.guests[1]->step();
            }
            return {};
        };
        Block_engine first(domains, store);
        const Status moved = move(first);
        if (moved) REQUIRE(machine.memory(1) == full + block_bytes);
        // To the byte: only a block that is being filled or emptied may be anywhere between.
        CHECK(machine.memory(0) + machine.memory(1) + machine.free_bytes() +
                  machine.ledger.claimed_bytes(to.id.domid) ==
              all);
        Block_engine second(machine.ledger, machine.store());
        REQUIRE(move(second));
        CHECK(machine.memory(0) == full - block_bytes);
        CHECK(machine.memory(1) == full + block_bytes);
        CHECK(machine.guests[0]->present.size() == 1);
        CHECK(machine.guests[1]->present.size() == 3);
        machine.check_tidy();
    });
    CHECK(calls > 30);
}
