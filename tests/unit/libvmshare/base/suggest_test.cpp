// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/base/suggest.hpp"

#include <array>
#include <catch2/catch.hpp>

using namespace xvm;

TEST_CASE("Edit distance counts inserts, deletes, replacements and swaps") {
    CHECK(edit_distance("memory", "memory") == 0);
    CHECK(edit_distance("memmory", "memory") == 1);
    CHECK(edit_distance("crahs", "crash") == 1);
    CHECK(edit_distance("", "abc") == 3);
}

TEST_CASE("A slip of the hand gets a suggestion, another word does not") {
    constexpr std::array<std::string_view, 3> known{"memory", "name", "kernel"};
    CHECK(nearest("memmory", known) == "memory");
    CHECK(nearest("nmae", known) == "name");
    CHECK_FALSE(nearest("bootloader", known));
    CHECK_FALSE(nearest("xy", known));
}
