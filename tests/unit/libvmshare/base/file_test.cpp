// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/base/file.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <fcntl.h>
#include <filesystem>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

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

TEST_CASE("A pipe that nobody writes is not waited for, and is no file") {
    const std::string path =
        (std::filesystem::temp_directory_path() / ("xvm-pipe." + std::to_string(::getpid()))).string();
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    const auto fd = open_file(path, O_RDONLY);
    REQUIRE(fd);
    CHECK(size_of(fd->get(), path).error().cause == "is neither a file nor a block device");
    CHECK(read_text(path, 100).error().fault == Fault::usage);
    ::unlink(path.c_str());
}

TEST_CASE("A missing file is named") {
    const auto text = read_text("/nonexistent/file", 10);
    REQUIRE_FALSE(text);
    CHECK(text.error().fault == Fault::not_found);
    CHECK(text.error().object == "/nonexistent/file");
}
