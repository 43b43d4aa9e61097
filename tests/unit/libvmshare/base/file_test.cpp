// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/base/file.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <fcntl.h>
#include <sys/mman.h>

using namespace xvm;

TEST_CASE("A short file is an error that says where it ends") {
    const Unique_fd fd(::memfd_create("t", 0));
    REQUIRE(::ftruncate(fd.get(), 10) == 0);
    std::array<std::byte, 16> into{};
    const auto got = read_exactly(fd.get(), into, 4, "t");
    REQUIRE_FALSE(got);
    CHECK(got.error().cause == "ends at byte 10, 10 bytes before the end of what it should hold");
}

TEST_CASE("What was written is read back, and the size is known") {
    const Unique_fd fd(::memfd_create("t", 0));
    const std::array<std::byte, 3> data{std::byte{1}, std::byte{2}, std::byte{3}};
    REQUIRE(write_exactly(fd.get(), data, 5, "t"));
    std::array<std::byte, 3> back{};
    REQUIRE(read_exactly(fd.get(), back, 5, "t"));
    CHECK(back == data);
    CHECK(size_of(fd.get(), "t") == 8u);
}

TEST_CASE("A missing file is named") {
    const auto text = read_text("/nonexistent/file", 10);
    REQUIRE_FALSE(text);
    CHECK(text.error().fault == Fault::not_found);
    CHECK(text.error().object == "/nonexistent/file");
}
