// SPDX-License-Identifier: Apache-2.0
#include "daemons/common/unix_listener.hpp"

#include "tests/unit/daemons/common/scratch.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

using namespace xvm;
using daemon::Unix_listener;

namespace {

Unique_fd bound_socket(const std::string& path, bool listening) {
    Unique_fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    if (listening) REQUIRE(::listen(fd.get(), 4) == 0);
    return fd;
}

} // namespace

TEST_CASE("A daemon's directory and socket are closed to others, and gone afterwards") {
    const tests::Scratch scratch;
    const std::string path = scratch / "run/d.sock";
    {
        const auto listener = Unix_listener::open(path, "testd");
        REQUIRE(listener);
        struct stat status {};
        REQUIRE(::stat(path.c_str(), &status) == 0);
        CHECK((status.st_mode & 0777) == 0660);
        REQUIRE(::stat((scratch / "run").c_str(), &status) == 0);
        CHECK((status.st_mode & 0007) == 0);
    }
    CHECK(::access(path.c_str(), F_OK) != 0);
}

TEST_CASE("A second daemon is refused, and told who holds the place") {
    const tests::Scratch scratch;
    const auto first = Unix_listener::open(scratch / "d.sock", "testd");
    REQUIRE(first);
    const auto second = Unix_listener::open(scratch / "d.sock", "testd");
    REQUIRE_FALSE(second);
    CHECK(second.error().fault == Fault::busy);
    CHECK(second.error().cause.find("pid " + std::to_string(::getpid())) != std::string::npos);
}

TEST_CASE("A stale socket is replaced; one that is answered on is not") {
    const tests::Scratch scratch;
    bound_socket(scratch / "stale.sock", false);
    CHECK(Unix_listener::open(scratch / "stale.sock", "testd"));

    const Unique_fd other = bound_socket(scratch / "alive.sock", true);
    const auto refused = Unix_listener::open(scratch / "alive.sock", "testd");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().fault == Fault::busy);
}

TEST_CASE("What is no socket is never removed") {
    const tests::Scratch scratch;
    std::ofstream(scratch / "d.sock") << "precious";
    const auto refused = Unix_listener::open(scratch / "d.sock", "testd");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().fault == Fault::busy);
    CHECK(::access((scratch / "d.sock").c_str(), F_OK) == 0);
}
