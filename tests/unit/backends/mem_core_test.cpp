// SPDX-License-Identifier: Apache-2.0
// What the guest's memory module decides without the kernel, compiled here from the same file.
#include "libvmshare/abi/memory.h" // it holds templates, the next may not
extern "C" {
#include "frontends/linux/xvm_mem_core.h"
}

#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <random>
#include <string>

namespace {

constexpr std::uint64_t gib = 1ULL << 30;
constexpr std::uint64_t block = XVM_MEM_SLOT_BYTES;

bool word_ok(const std::string& text) {
    xvm_mem_word word{};
    return xvm_mem_parse_word(text.c_str(), &word);
}

bool answer_ok(const std::string& text) {
    xvm_mem_answer answer{};
    return xvm_mem_parse_answer(text.c_str(), 4, &answer);
}

bool layout_ok(std::uint64_t base, std::uint64_t bytes, std::uint32_t slots) {
    const xvm_mem_layout layout{base, bytes, slots};
    return xvm_mem_layout_ok(&layout, 256ULL << 20, block, 1ULL << 40);
}

} // namespace

TEST_CASE("A slot's word is one of six and its notice's serial", "[memory]") {
    xvm_mem_word word{};
    REQUIRE(xvm_mem_parse_word("free 0", &word));
    CHECK((word.state == XVM_MEM_IS_FREE && word.serial == 0));
    REQUIRE(xvm_mem_parse_word("eject-pending 4294967295", &word));
    CHECK((word.state == XVM_MEM_IS_EJECT_PENDING && word.serial == 0xffffffff));
    REQUIRE(xvm_mem_parse_word("ejected 7", &word));
    CHECK(word.state == XVM_MEM_IS_EJECTED);
    REQUIRE(xvm_mem_parse_word("insert-pending 7", &word));
    CHECK(word.state == XVM_MEM_IS_INSERT_PENDING);
    for (const char* text :
         {"", "free", "free ", "free x", "free -1", "free 1 ", "free 4294967296", " free 1", "Free 1",
          "eject 1", "freed 1", "assigned  1", "assigned\t1", "assigned 1\n"})
        CHECK_FALSE(word_ok(text));
}

TEST_CASE("An answer names query, code, slot and serial, and a slot that there is", "[M-3]") {
    xvm_mem_answer answer{};
    REQUIRE(xvm_mem_parse_answer("12 0x3 1 7", 4, &answer));
    CHECK(answer.query == 12);
    CHECK(answer.code == XVM_MEM_NOTIFY_EJECT);
    CHECK(answer.slot == 1);
    CHECK(answer.serial == 7);
    CHECK(answer_ok("1 0x0 0 0"));
    CHECK(answer_ok("1 0x103 3 9"));
    for (const char* text :
         {"", "1", "1 3 1 7", "1 0x 1 7", "1 0x3 4 7", "1 0x3 -1 7", "1 0x3 1", "1 0x3 1 7 ", "1 0x3 1 7 8",
          "99999999999 0x3 1 7", "1 0x3 1 99999999999999999999999999", "1 0xffffffffff 1 7", "1  0x3 1 7"})
        CHECK_FALSE(answer_ok(text));
}

TEST_CASE("Garbage of any kind is refused and read within its bounds", "[memory]") {
    std::mt19937 random(5);
    const std::string letters = "0123456789 abcdefx-.=\nsomefullavg10";
    for (int round = 0; round < 200000; ++round) {
        std::string text(random() % 40, ' ');
        for (char& letter : text)
            letter = letters[random() % letters.size()];
        xvm_mem_word word{};
        xvm_mem_answer answer{};
        std::uint32_t some = 0;
        std::uint32_t full = 0;
        std::uint64_t number = 0;
        if (xvm_mem_parse_word(text.c_str(), &word)) CHECK(word.state <= XVM_MEM_IS_EJECTED);
        if (xvm_mem_parse_answer(text.c_str(), 4, &answer) && answer.code != 0) CHECK(answer.slot < 4);
        if (xvm_mem_parse_pressure(text.c_str(), &some, &full)) CHECK((some <= 10000 && full <= 10000));
        (void)xvm_mem_parse_u64(text.c_str(), &number);
    }
}

TEST_CASE("A layout is believed only beside the guest's own memory and in whole blocks", "[memory]") {
    CHECK(layout_ok(4 * gib, block, 4));
    CHECK(layout_ok(4 * gib, 2 * block, 4));
    CHECK_FALSE(layout_ok(4 * gib, block, 0));
    CHECK_FALSE(layout_ok(4 * gib, block, XVM_MEM_SLOTS_MAX + 1));
    CHECK_FALSE(layout_ok(4 * gib, 0, 4));
    CHECK_FALSE(layout_ok(4 * gib, block / 2, 4));
    CHECK_FALSE(layout_ok(4 * gib + 4096, block, 4));
    CHECK_FALSE(layout_ok(gib, block, 4));
    CHECK_FALSE(layout_ok((1ULL << 40) - block, block, 2));
    CHECK_FALSE(layout_ok(~0ULL - block + 1, block, 1));
    CHECK_FALSE(layout_ok(4 * gib, ~0ULL - block + 1, 2));
    const xvm_mem_layout layout{4 * gib, block, 4};
    CHECK_FALSE(xvm_mem_layout_ok(&layout, 5 * gib, block, 1ULL << 40)); // it lies in the guest's own
    CHECK_FALSE(xvm_mem_layout_ok(&layout, gib, 2 * gib, 1ULL << 40));   // the kernel's blocks are larger
}

TEST_CASE("What is to be done with a slot follows from the host's word and what the kernel has", "[M-3]") {
    const auto next = [](xvm_mem_state state, xvm_mem_local local, bool refused = false) {
        const xvm_mem_word word{state, 3};
        return xvm_mem_next(&word, local, refused);
    };
    for (const auto state : {XVM_MEM_IS_INSERT_PENDING, XVM_MEM_IS_ASSIGNED}) {
        CHECK(next(state, XVM_MEM_ABSENT) == XVM_MEM_DO_ADD);
        CHECK(next(state, XVM_MEM_ABSENT, true) == XVM_MEM_DO_NOTHING);
    }
    // It may have been added by a module that went before it could answer.
    CHECK(next(XVM_MEM_IS_INSERT_PENDING, XVM_MEM_PRESENT) == XVM_MEM_DO_ADD);
    CHECK(next(XVM_MEM_IS_ASSIGNED, XVM_MEM_PRESENT) == XVM_MEM_DO_NOTHING);
    CHECK(next(XVM_MEM_IS_EJECT_PENDING, XVM_MEM_PRESENT) == XVM_MEM_DO_GIVE);
    CHECK(next(XVM_MEM_IS_EJECT_PENDING, XVM_MEM_ABSENT) == XVM_MEM_DO_EJECT);
    CHECK(next(XVM_MEM_IS_EJECT_PENDING, XVM_MEM_PRESENT, true) == XVM_MEM_DO_NOTHING);
    // What is not usable is never added, and what is used there is not touched any further.
    for (const auto state : {XVM_MEM_IS_FREE, XVM_MEM_IS_CLAIMED, XVM_MEM_IS_EJECTED}) {
        CHECK(next(state, XVM_MEM_ABSENT) == XVM_MEM_DO_NOTHING);
        CHECK(next(state, XVM_MEM_PRESENT) == XVM_MEM_DO_MOURN);
    }
}

TEST_CASE("A block is spared only when the rest is enough", "[M-11]") {
    CHECK(xvm_mem_can_spare(200000, 131072, 60000));
    CHECK(xvm_mem_can_spare(131072 + 60000, 131072, 60000));
    CHECK_FALSE(xvm_mem_can_spare(131072 + 59999, 131072, 60000));
    CHECK_FALSE(xvm_mem_can_spare(131071, 131072, 0));
    CHECK_FALSE(xvm_mem_can_spare(0, 131072, 0));
}

TEST_CASE("Errors become ACPI's status codes", "[M-11]") {
    CHECK(xvm_mem_eject_status(0) == 0x00);
    CHECK(xvm_mem_eject_status(-EBUSY) == 0x82);
    CHECK(xvm_mem_eject_status(-EINTR) == 0x82);
    CHECK(xvm_mem_eject_status(-ENOSPC) == 0x81);
    CHECK(xvm_mem_eject_status(-EOPNOTSUPP) == 0x80);
    CHECK(xvm_mem_eject_status(-EIO) == 0x01);
    CHECK(xvm_mem_insert_status(0) == 0x00);
    CHECK(xvm_mem_insert_status(-ENOMEM) == 0x81);
    CHECK(xvm_mem_insert_status(-EINVAL) == 0x82);
    CHECK(xvm_mem_insert_status(-EIO) == 0x01);
}

TEST_CASE("An _OST is serial, event and status", "[memory]") {
    std::array<char, 32> text{};
    REQUIRE(xvm_mem_format_ost(text.data(), text.size(), 7, 0x3, 0x82) == 10);
    CHECK(std::string(text.data()) == "7 0x3 0x82");
    CHECK(xvm_mem_format_ost(text.data(), 10, 7, 0x3, 0x82) == 0);
}

TEST_CASE("A report is written on a real change only", "[memory]") {
    const xvm_mem_report before{256 << 10, 160 << 10, 64 << 10, 0, 0};
    xvm_mem_report now = before;
    CHECK_FALSE(xvm_mem_report_differs(&before, &now));
    now.available_kib -= 8191;
    now.working_set_kib += 8191;
    now.some_centipercent = 99;
    CHECK_FALSE(xvm_mem_report_differs(&before, &now));
    --now.available_kib;
    CHECK(xvm_mem_report_differs(&before, &now));
    now = before;
    now.full_centipercent = 100;
    CHECK(xvm_mem_report_differs(&before, &now));
    now = before;
    ++now.total_kib;
    CHECK(xvm_mem_report_differs(&before, &now));
    const xvm_mem_report none{};
    now = none;
    now.available_kib = 1;
    CHECK(xvm_mem_report_differs(&none, &now));
    // The less is left, the smaller a change is told; never one below a 256th of the whole.
    const xvm_mem_report scarce{128 << 10, 13 << 10, 64 << 10, 0, 0};
    now = scarce;
    now.available_kib -= 700;
    CHECK_FALSE(xvm_mem_report_differs(&scarce, &now));
    now.available_kib = 12 << 10;
    CHECK(xvm_mem_report_differs(&scarce, &now));
    const xvm_mem_report out{128 << 10, 1 << 10, 64 << 10, 0, 0};
    now = out;
    now.available_kib += 511;
    CHECK_FALSE(xvm_mem_report_differs(&out, &now));
    ++now.available_kib;
    CHECK(xvm_mem_report_differs(&out, &now));
}

TEST_CASE("A report has the form that the policy reads", "[memory]") {
    const xvm_mem_report report{262144, 131072, 65536, 1234, 5};
    std::array<char, 128> text{};
    REQUIRE(xvm_mem_format_report(text.data(), text.size(), 42, &report) != 0);
    CHECK(std::string(text.data()) == "1 42 262144 131072 65536 1234 5");
    CHECK(xvm_mem_format_report(text.data(), 20, 42, &report) == 0);
}

TEST_CASE("Pressure is read from the kernel's own words", "[memory]") {
    std::uint32_t some = 7;
    std::uint32_t full = 7;
    REQUIRE(xvm_mem_parse_pressure("some avg10=1.23 avg60=0.10 avg300=0.00 total=1\n"
                                   "full avg10=100.00 avg60=0.00 avg300=0.00 total=0\n",
                                   &some, &full));
    CHECK(some == 123);
    CHECK(full == 10000);
    for (const char* text : {"", "some avg10=1.23", "some avg10=1.2 x\nfull avg10=0.00 x",
                             "some avg10=101.00\n", "some avg10=-1.00\nfull avg10=0.00",
                             "some avg10=1.00 full avg10=0.00", "full avg10=0.00\nsome avg10=0.00\n"})
        CHECK_FALSE(xvm_mem_parse_pressure(text, &some, &full));
    CHECK(some == 123);
}
