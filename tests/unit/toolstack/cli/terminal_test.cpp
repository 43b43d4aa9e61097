// SPDX-License-Identifier: Apache-2.0
#include "toolstack/cli/terminal.hpp"

#include "libvmshare/base/unique_fd.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fcntl.h>
#include <future>
#include <termios.h>

using namespace xvm;
using namespace xvm::cli;

namespace {

struct Pipe {
    Unique_fd reader;
    Unique_fd writer;
    Pipe() {
        std::array<int, 2> ends{};
        REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
        reader.reset(ends[0]);
        writer.reset(ends[1]);
    }
};

/// A pseudo-terminal; its master plays the console daemon's end, so the guest.
struct Guest {
    Unique_fd master{::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
    std::string path;
    Guest() {
        REQUIRE(::grantpt(master.get()) == 0);
        REQUIRE(::unlockpt(master.get()) == 0);
        path = ::ptsname(master.get());
    }
};

std::string read_some(int fd, std::size_t bytes) {
    std::string text;
    while (text.size() < bytes) {
        std::array<char, 256> buffer{};
        const ssize_t got = ::read(fd, buffer.data(), bytes - text.size());
        if (got <= 0) break;
        text.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return text;
}

void type(int fd, const std::string& text) {
    REQUIRE(::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
}

} // namespace

TEST_CASE("A console carries both ways as it is, until Ctrl-] is typed") {
    Guest guest;
    Pipe in;
    Pipe out;
    auto joined = std::async(std::launch::async,
                             [&] { return join_terminal(guest.path, in.reader.get(), out.writer.get()); });
    type(in.writer.get(), "ls\r");
    CHECK(read_some(guest.master.get(), 3) == "ls\r");
    type(guest.master.get(), "a\nb");
    CHECK(read_some(out.reader.get(), 3) == "a\nb");
    type(in.writer.get(), "x\x1dnever sent");
    const auto end = joined.get();
    REQUIRE(end);
    CHECK(*end == Console_end::left);
    CHECK(read_some(guest.master.get(), 1) == "x");
}

TEST_CASE("After the end of its input a console still prints, until the guest is gone") {
    Guest guest;
    Pipe in;
    Pipe out;
    auto joined = std::async(std::launch::async,
                             [&] { return join_terminal(guest.path, in.reader.get(), out.writer.get()); });
    type(in.writer.get(), "q");
    CHECK(read_some(guest.master.get(), 1) == "q");
    in.writer.reset();
    type(guest.master.get(), "late");
    CHECK(read_some(out.reader.get(), 4) == "late");
    guest.master.reset();
    const auto end = joined.get();
    REQUIRE(end);
    CHECK(*end == Console_end::guest_gone);
}

TEST_CASE("A terminal is raw while it is joined, and as it was afterwards") {
    Guest guest;
    Guest user; // the terminal somebody sits at
    const Unique_fd seat(::open(user.path.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
    termios before{};
    REQUIRE(::tcgetattr(seat.get(), &before) == 0);
    auto joined =
        std::async(std::launch::async, [&] { return join_terminal(guest.path, seat.get(), seat.get()); });
    type(guest.master.get(), "prompt\n");
    CHECK(read_some(user.master.get(), 7) == "prompt\n"); // not "\r\n": it is raw
    type(user.master.get(), "\x1d");
    REQUIRE(joined.get());
    termios after{};
    REQUIRE(::tcgetattr(seat.get(), &after) == 0);
    CHECK(after.c_lflag == before.c_lflag);
    CHECK(after.c_oflag == before.c_oflag);
    CHECK(after.c_iflag == before.c_iflag);
}

TEST_CASE("A console that cannot be opened is an error that names it") {
    const auto end = join_terminal("/nonexistent/tty", 0, 1);
    REQUIRE_FALSE(end);
    CHECK(end.error().object == "/nonexistent/tty");
}
