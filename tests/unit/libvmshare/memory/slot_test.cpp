// SPDX-License-Identifier: Apache-2.0
// The states of a slot, and the messages about it.
#include "libvmshare/memory/message.hpp"
#include "libvmshare/memory/slot.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <vector>

using namespace xvm;
using namespace xvm::memory;

namespace {

const std::vector<Slot_state> states{Slot_state::free,           Slot_state::claimed,
                                     Slot_state::insert_pending, Slot_state::assigned,
                                     Slot_state::eject_pending,  Slot_state::ejected};
const std::vector<Slot_event> events{Slot_event::claim,    Slot_event::unclaim,  Slot_event::insert,
                                     Slot_event::inserted, Slot_event::retract,  Slot_event::request,
                                     Slot_event::refuse,   Slot_event::withdraw, Slot_event::eject,
                                     Slot_event::emptied};

} // namespace

TEST_CASE(
    "A block goes once around: assigned, eject pending, ejected, free, claimed, insert pending, assigned",
    "[M-4]") {
    Slot slot{Slot_state::assigned, 0};
    const auto go = [&](Slot_event event, std::uint32_t serial, Slot_state wanted) {
        const auto then = next(slot, event, serial);
        REQUIRE(then);
        CHECK(then->state == wanted);
        slot = *then;
    };
    go(Slot_event::request, 1, Slot_state::eject_pending);
    go(Slot_event::eject, 1, Slot_state::ejected);
    go(Slot_event::emptied, 0, Slot_state::free);
    go(Slot_event::claim, 0, Slot_state::claimed);
    go(Slot_event::insert, 2, Slot_state::insert_pending);
    go(Slot_event::inserted, 2, Slot_state::assigned);
    CHECK(slot.serial == 2);
}

TEST_CASE("Ten transitions there are, and no other", "[memory]") {
    unsigned possible = 0;
    for (const Slot_state state : states)
        for (const Slot_event event : events)
            possible += next({state, 5}, event, 5).has_value() ? 1 : 0;
    CHECK(possible == 10);
}

TEST_CASE("An answer to another notice than the last changes nothing", "[M-12]") {
    for (const Slot_event event : {Slot_event::eject, Slot_event::refuse, Slot_event::withdraw}) {
        CHECK(next({Slot_state::eject_pending, 7}, event, 7));
        CHECK_FALSE(next({Slot_state::eject_pending, 7}, event, 6));
        CHECK_FALSE(next({Slot_state::eject_pending, 7}, event, 8));
        // Late: the notice was withdrawn, or it was given back before.
        CHECK_FALSE(next({Slot_state::assigned, 7}, event, 7));
        CHECK_FALSE(next({Slot_state::ejected, 7}, event, 7));
        CHECK_FALSE(next({Slot_state::free, 7}, event, 7));
    }
    CHECK_FALSE(next({Slot_state::insert_pending, 7}, Slot_event::inserted, 6));
    CHECK_FALSE(next({Slot_state::insert_pending, 7}, Slot_event::retract, 6));
}

TEST_CASE("From every state a block comes to rest, whatever happens", "[M-15]") {
    std::mt19937 random(17);
    for (int round = 0; round < 2000; ++round) {
        Slot slot{states[random() % states.size()], 3};
        for (int step = 0; step < 20; ++step)
            if (const auto then = next(slot, events[random() % events.size()], random() % 5)) slot = *then;
        // What a crashed host's successor does, and a guest that is asked nothing any more.
        for (const Slot_event event :
             {Slot_event::unclaim, Slot_event::retract, Slot_event::withdraw, Slot_event::emptied})
            if (const auto then = next(slot, event, slot.serial)) slot = *then;
        CHECK((slot.state == Slot_state::free || slot.state == Slot_state::assigned));
    }
}

TEST_CASE("A slot reads back as it was written; garbage is none", "[memory]") {
    for (const Slot_state state : states)
        for (const std::uint32_t serial : {0U, 1U, 0xffffffffU})
            CHECK(parse_slot(text_of(Slot{state, serial})) == Slot{state, serial});
    for (const char* text : {"", "free", "free ", " free 0", "free 0 ", "free -1", "Free 0", "freed 0",
                             "free 4294967296", "free 0x1", "assigned  1"})
        CHECK_FALSE(parse_slot(text));
}

TEST_CASE("An _OST is read strictly, and what it means is ACPI's", "[M-11]") {
    CHECK(parse_ost("7 0x3 0x82") == Ost{7, 3, 0x82});
    CHECK(parse_ost("0 0x0 0x0") == Ost{0, 0, 0});
    for (const std::string text :
         {"", "7", "7 3 82", "7 0x3", "7 0x3 0x82 ", " 7 0x3 0x82", "7  0x3 0x82", "-7 0x3 0x82", "7 0x 0x82",
          "7 0x3 0x82 0x0", "7 0x3 0x100000000", "4294967296 0x3 0x0", "7 0X3 0x0", "7 0x3 0x0\n"})
        CHECK_FALSE(parse_ost(text));
    CHECK_FALSE(parse_ost(std::string(100000, '1') + " 0x3 0x0"));

    CHECK(meaning_of({1, 0x3, 0x00}) == Ost_meaning::success);
    CHECK(meaning_of({1, 0x3, 0x84}) == Ost_meaning::progress);
    CHECK(meaning_of({1, 0x3, 0x80}) == Ost_meaning::failure); // of an insertion it would be progress
    CHECK(meaning_of({1, 0x1, 0x80}) == Ost_meaning::progress);
    CHECK(meaning_of({1, 0x1, 0x84}) == Ost_meaning::failure);
    CHECK(meaning_of({1, 0x3, 0x82}) == Ost_meaning::failure);
    CHECK(meaning_of({1, 0x3, 0xffffffff}) == Ost_meaning::failure);
    CHECK(words_of(0x3, 0x82) == "busy: the memory cannot be emptied (_OST 0x82)");
    CHECK(words_of(0x3, 0x77) == "failed (_OST 0x77)");
}

TEST_CASE("An answer reads back as it was written", "[M-3]") {
    CHECK(text_of(Answer{12, 3, 1, 7}) == "12 0x3 1 7");
    CHECK(parse_answer("12 0x3 1 7") == Answer{12, 3, 1, 7});
    CHECK_FALSE(parse_answer("12 0x3 1"));
    CHECK(parse_query("12 6") == Query{12, 6});
    for (const char* text : {"", "12", "12 ", "12 6 ", "12 6 7", "12 -6", "0x12 6", "12  6"})
        CHECK_FALSE(parse_query(text));
}
