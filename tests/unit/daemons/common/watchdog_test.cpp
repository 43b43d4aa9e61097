// SPDX-License-Identifier: Apache-2.0
#include "daemons/common/watchdog.hpp"

#include "libvmshare/base/unique_fd.hpp"
#include "tests/unit/daemons/common/scratch.hpp"

#include <array>
#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <vector>

using namespace xvm;

namespace {

/// Stands for the service manager: receives what the daemon tells it.
class Manager {
  public:
    explicit Manager(bool watches)
        : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
        const std::string path = scratch_ / "notify";
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        REQUIRE(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
        ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
        if (watches) ::setenv("WATCHDOG_USEC", "20000", 1);
    }
    Manager(const Manager&) = delete;
    Manager& operator=(const Manager&) = delete;
    ~Manager() {
        ::unsetenv("NOTIFY_SOCKET");
        ::unsetenv("WATCHDOG_USEC");
    }
    [[nodiscard]] std::vector<std::string> told() const {
        std::vector<std::string> all;
        std::array<char, 256> text{};
        for (ssize_t got = 0; (got = ::recv(socket_.get(), text.data(), text.size(), 0)) >= 0;)
            all.emplace_back(text.data(), static_cast<std::size_t>(got));
        return all;
    }

  private:
    tests::Scratch scratch_;
    Unique_fd socket_;
};

using Told = std::vector<std::string>;

} // namespace

TEST_CASE("A daemon at rest is watched by nobody and wakes up no more") {
    const Manager manager(true);
    boost::asio::io_context context;
    const daemon::Watchdog watchdog(context);
    context.run(); // ends by itself: no timer is left
    CHECK(manager.told() == Told{"WATCHDOG_USEC=0"});
}

TEST_CASE("While requests come, signs of life go out; after them the watch is off again") {
    const Manager manager(true);
    boost::asio::io_context context;
    daemon::Watchdog watchdog(context);
    context.run();
    CHECK(manager.told() == Told{"WATCHDOG_USEC=0"});
    context.restart();
    boost::asio::post(context, [&] { watchdog.active(); });
    context.run();
    CHECK(manager.told() == Told{"WATCHDOG_USEC=20000\nWATCHDOG=1", "WATCHDOG=1", "WATCHDOG_USEC=0"});
}

TEST_CASE("A daemon that ends is not watched while it does") {
    const Manager manager(true);
    boost::asio::io_context context;
    daemon::Watchdog watchdog(context);
    watchdog.stop();
    watchdog.active();
    context.run();
    CHECK(manager.told() == Told{"WATCHDOG_USEC=0"});
}

TEST_CASE("Without a watchdog nothing is told, and nothing waits") {
    const Manager manager(false);
    boost::asio::io_context context;
    daemon::Watchdog watchdog(context);
    watchdog.active();
    CHECK(context.run() == 0);
    watchdog.stop();
    CHECK(manager.told().empty());
}
