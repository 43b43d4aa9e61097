// SPDX-License-Identifier: Apache-2.0
// The hosted machine with real processes: xvm-hostedd, and children that are killed without warning.
#include "libvmshare/port/hosted/remote.hpp"

#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <functional>
#include <poll.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace xvm;
using namespace xvm::port::hosted;
using port::Access;

namespace {

constexpr Domid guest{7};

/// True as soon as `condition()` holds; false if it does not for twenty seconds.
template <class Condition>
bool comes_true(Condition&& condition) {
    for (int i = 0; i < 4000; ++i) {
        if (condition()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
}

class Child {
  public:
    /// Runs `body` in a new process that then waits to be killed. What body returns comes out of told().
    explicit Child(const std::function<std::vector<std::uint32_t>()>& body) {
        int ends[2];
        REQUIRE(::pipe(ends) == 0);
        pid_ = ::fork();
        REQUIRE(pid_ >= 0);
        if (pid_ == 0) {
            const auto told = body();
            if (::write(ends[1], told.data(), told.size() * 4) < 0) ::_exit(1);
            while (true)
                ::pause();
        }
        ::close(ends[1]);
        read_ = Unique_fd(ends[0]);
    }
    ~Child() { kill(); }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    std::uint32_t told() {
        std::uint32_t value = 0;
        REQUIRE(::read(read_.get(), &value, sizeof value) == sizeof value);
        return value;
    }
    void kill() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        pid_ = -1;
    }

  private:
    pid_t pid_ = -1;
    Unique_fd read_;
};

/// xvm-hostedd with one guest.
class Daemon {
  public:
    Daemon() {
        const char* program = std::getenv("XVM_HOSTEDD");
        REQUIRE(program != nullptr);
        int ends[2];
        REQUIRE(::pipe(ends) == 0);
        pid_ = ::fork();
        REQUIRE(pid_ >= 0);
        if (pid_ == 0) {
            ::dup2(ends[1], STDOUT_FILENO);
            ::close(ends[0]);
            ::close(ends[1]);
            ::execl(program, program, path.c_str(), "7", nullptr);
            ::_exit(127);
        }
        ::close(ends[1]);
        const Unique_fd ready(ends[0]);
        char text[6];
        REQUIRE(::read(ready.get(), text, 6) == 6);
        host = Remote_host::connect(path).value();
    }
    ~Daemon() { stop(); }
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;

    int stop() {
        if (pid_ < 0) return -1;
        ::kill(pid_, SIGTERM);
        int status = 0;
        ::waitpid(pid_, &status, 0);
        pid_ = -1;
        return status;
    }
    std::string dump() const { return boost::json::serialize(host->dump().value()); }
    std::size_t count(const char* what) const { return host->dump()->as_object().at(what).as_array().size(); }

    std::string path = "/tmp/xvm-hostedd-test-" + std::to_string(::getpid()) + ".sock";
    std::unique_ptr<Remote_host> host;

  private:
    pid_t pid_ = -1;
};

void wait_event(port::Events& events, Evtchn_port wanted) {
    pollfd ready{events.fd(), POLLIN, 0};
    REQUIRE(::poll(&ready, 1, 20'000) == 1);
    REQUIRE(events.next().value() == wanted);
    REQUIRE(events.unmask(wanted));
}

} // namespace

TEST_CASE("A killed back end's mappings and ports are gone; the front end goes on with the next one",
          "[hosted][R-13]") {
    Daemon daemon;
    const std::string before = daemon.dump();
    {
        const auto front = start_process(daemon.path, guest).value();
        const auto ring = front->granter().share(dom0, 2, Access::read_write).value();
        const auto front_port = front->events().alloc_unbound(dom0).value();
        const auto back = [&] {
            auto process = start_process(daemon.path, dom0).value().release();
            auto map =
                new port::Grant_map(process->grants().map(guest, ring.grefs, Access::read_write).value());
            const auto port = process->events().bind_interdomain(guest, front_port).value();
            map->bytes()[0] = ring.bytes[1];
            return std::vector<std::uint32_t>{process->events().notify(port) ? 1U : 0U};
        };
        for (std::uint8_t round = 1; round <= 3; ++round) {
            ring.bytes[1] = std::byte{round};
            Child child(back);
            REQUIRE(child.told() == 1);
            wait_event(front->events(), front_port);
            CHECK(ring.bytes[0] == std::byte{round}); // it saw our memory, and we its
            CHECK(front->granter().end(ring.grefs).error().fault == Fault::busy);
            child.kill();
            REQUIRE(comes_true([&] { return daemon.count("mappings") == 0; }));
            CHECK(front->events().notify(front_port));
        }
        CHECK(front->granter().end(ring.grefs));
    }
    CHECK(daemon.dump() == before);
}

TEST_CASE("A killed front end leaves its pages to who maps them, and nothing else", "[hosted]") {
    Daemon daemon;
    const std::string before = daemon.dump();
    {
        const auto back = start_process(daemon.path, dom0).value();
        Child front([&] {
            auto process = start_process(daemon.path, guest).value().release();
            const auto ring = process->granter().share(dom0, 1, Access::read_write).value();
            ring.bytes[5] = std::byte{55};
            const auto port = process->events().alloc_unbound(dom0).value();
            const auto txn = process->store().begin();
            const auto watch = process->store().watch("/", "t");
            return std::vector<std::uint32_t>{number(ring.grefs[0]), number(port), txn && watch ? 1U : 0U};
        });
        const Gref gref{front.told()};
        const Evtchn_port front_port{front.told()};
        REQUIRE(front.told() == 1);
        const auto map = back->grants().map(guest, std::span(&gref, 1), Access::read_write).value();
        const auto port = back->events().bind_interdomain(guest, front_port).value();
        front.kill();
        REQUIRE(comes_true([&] { return daemon.count("processes") == 1; }));
        CHECK(map.bytes()[5] == std::byte{55});
        map.bytes()[6] = std::byte{1};
        CHECK(back->events().notify(port));
        CHECK(daemon.count("domains") == 2); // a process died, not the domain
        CHECK(back->grants().map(guest, std::span(&gref, 1), Access::read_only).error().fault ==
              Fault::failed);
    }
    CHECK(daemon.dump() == before);
}

TEST_CASE("Two processes exchange a hundred events without the machine between them", "[hosted]") {
    Daemon daemon;
    const auto back = start_process(daemon.path, dom0).value();
    Child front([&] {
        auto process = start_process(daemon.path, guest).value().release();
        const auto port = process->events().alloc_unbound(dom0).value();
        std::thread([process, port] {
            pollfd ready{process->events().fd(), POLLIN, 0};
            while (::poll(&ready, 1, -1) == 1)
                if (process->events().next().value() && process->events().unmask(port))
                    static_cast<void>(process->events().notify(port));
        }).detach();
        return std::vector<std::uint32_t>{number(port)};
    });
    const auto port = back->events().bind_interdomain(guest, Evtchn_port{front.told()}).value();
    wait_event(back->events(), port); // of the binding itself
    REQUIRE(daemon.stop() == 0);      // from here on there is no machine
    for (int i = 0; i < 100; ++i) {
        REQUIRE(back->events().notify(port));
        wait_event(back->events(), port);
    }
    CHECK(back->store().read("/").error().fault == Fault::unreachable);
    CHECK(start_process(daemon.path, dom0).error().fault == Fault::unreachable);
}
