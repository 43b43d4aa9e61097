// SPDX-License-Identifier: Apache-2.0
#include "daemons/common/handed_sockets.hpp"

#include "daemons/common/unix_listener.hpp"
#include "tests/unit/daemons/common/scratch.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fcntl.h>
#include <functional>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

using namespace xvm;
using daemon::Handed_sockets;
using daemon::Unix_listener;

namespace {

Unique_fd listening(const std::string& path, int type = SOCK_STREAM) {
    Unique_fd fd(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    if (type == SOCK_STREAM) REQUIRE(::listen(fd.get(), 4) == 0);
    return fd;
}

/// Runs `check` in a process to which the sockets were handed as systemd does it; its exit code.
int handed_to(const std::vector<int>& sockets, const std::string& names, const std::function<int()>& check) {
    const pid_t child = ::fork();
    if (child == 0) {
        // Out of the way first: a socket may have one of the numbers that another must get.
        std::vector<int> high;
        for (const int fd : sockets)
            high.push_back(::fcntl(fd, F_DUPFD, 100));
        for (std::size_t i = 0; i < high.size(); ++i)
            ::dup2(high[i], 3 + static_cast<int>(i));
        ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
        ::setenv("LISTEN_FDS", std::to_string(sockets.size()).c_str(), 1);
        ::setenv("LISTEN_FDNAMES", names.c_str(), 1);
        ::_exit(check());
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    return WEXITSTATUS(status);
}

} // namespace

TEST_CASE("Sockets handed over are found by their names, and no child inherits them") {
    const tests::Scratch scratch;
    const Unique_fd main = listening(scratch / "d.sock");
    const Unique_fd reading = listening(scratch / "ro.sock");
    CHECK(handed_to({main.get(), reading.get()}, "d:d-ro", [&] {
              auto handed = Handed_sockets::take();
              if (!handed) return 1;
              auto second = handed->release("d-ro");
              if (!second) return 2;
              if ((::fcntl(second->get(), F_GETFD) & FD_CLOEXEC) == 0) return 3;
              if (handed->release("d-ro")) return 4;
              if (handed->left_over() != "d") return 5;
              if (std::getenv("LISTEN_FDS") != nullptr) return 6;
              const auto listener = Unix_listener::adopt(std::move(*second), "testd");
              if (!listener) return 7;
              return listener->path() == scratch / "ro.sock" ? 0 : 8;
          }) == 0);
}

TEST_CASE("Two sockets of one name are refused") {
    const tests::Scratch scratch;
    const Unique_fd main = listening(scratch / "d.sock");
    const Unique_fd reading = listening(scratch / "ro.sock");
    CHECK(handed_to({main.get(), reading.get()}, "d:d", [] {
              const auto handed = Handed_sockets::take();
              return !handed && handed.error().fault == Fault::usage ? 0 : 1;
          }) == 0);
}

TEST_CASE("Nothing handed over is no error") {
    auto handed = Handed_sockets::take();
    REQUIRE(handed);
    CHECK(handed->left_over().empty());
    CHECK_FALSE(handed->release("d"));
}

TEST_CASE("A socket taken over is locked like an own one, and stays when its holder goes") {
    const tests::Scratch scratch;
    const std::string path = scratch / "d.sock";
    {
        const auto first = Unix_listener::adopt(listening(path), "testd");
        REQUIRE(first);
        CHECK((::fcntl(first->fd(), F_GETFL) & O_NONBLOCK) != 0);
        const auto second = Unix_listener::open(path, "testd");
        REQUIRE_FALSE(second);
        CHECK(second.error().fault == Fault::busy);
    }
    CHECK(::access(path.c_str(), F_OK) == 0);
}

TEST_CASE("What is no listening stream socket with a path is not taken over") {
    const tests::Scratch scratch;
    const auto refused = [](Unique_fd fd) {
        const auto listener = Unix_listener::adopt(std::move(fd), "testd");
        return !listener && listener.error().fault == Fault::usage;
    };
    CHECK(refused(listening(scratch / "d.dgram", SOCK_DGRAM)));
    CHECK(refused(Unique_fd(::socket(AF_UNIX, SOCK_STREAM, 0))));
    CHECK(refused(Unique_fd(::socket(AF_INET, SOCK_STREAM, 0))));
    const auto file = Unix_listener::adopt(Unique_fd(::open("/dev/null", O_RDONLY)), "testd");
    CHECK_FALSE(file);
}
