// SPDX-License-Identifier: Apache-2.0
#include "toolstack/api/http_client.hpp"

#include "libvmshare/base/unique_fd.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <cstring>
#include <filesystem>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace xvm;
using namespace xvm::api;
using namespace std::chrono_literals;

namespace {

/// Answers one connection with these pieces, the next one when the client has had time for the one before;
/// then closes, or holds on until the end of the test.
class Scripted {
  public:
    enum class Then { close, hold };

    explicit Scripted(std::vector<std::string> pieces, Then then = Then::close) {
        path_ = std::filesystem::temp_directory_path() / ("xvm-client." + std::to_string(::getpid()));
        std::filesystem::remove(path_);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path_.c_str(), sizeof address.sun_path - 1);
        listener_ = Unique_fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        REQUIRE(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
        REQUIRE(::listen(listener_.get(), 4) == 0);
        thread_ = std::thread([this, pieces = std::move(pieces), then] { serve(pieces, then); });
    }
    Scripted(const Scripted&) = delete;
    Scripted& operator=(const Scripted&) = delete;
    ~Scripted() {
        ::shutdown(listener_.get(), SHUT_RDWR);
        thread_.join();
        std::filesystem::remove(path_);
    }

    [[nodiscard]] Http_client client(Waiting waiting = {}) const {
        return {path_, "testd", std::move(waiting)};
    }
    [[nodiscard]] const std::string& request() const { return request_; }

  private:
    void serve(const std::vector<std::string>& pieces, Then then) {
        const Unique_fd client(::accept(listener_.get(), nullptr, nullptr));
        if (!client) return;
        std::array<char, 4096> buffer{};
        const ssize_t got = ::read(client.get(), buffer.data(), buffer.size());
        request_.assign(buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
        for (const std::string& piece : pieces) {
            static_cast<void>(::send(client.get(), piece.data(), piece.size(), MSG_NOSIGNAL));
            std::this_thread::sleep_for(5ms);
        }
        pollfd gone{client.get(), POLLIN, 0};
        if (then == Then::hold) ::poll(&gone, 1, 10'000);
    }

    std::string path_;
    std::string request_;
    Unique_fd listener_;
    std::thread thread_;
};

std::string answer(const std::string& status, const std::string& body) {
    return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

const std::string stream_head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

} // namespace

TEST_CASE("An answer that comes byte by byte is one answer") {
    std::vector<std::string> bytes;
    for (const char byte : answer("200 OK", R"({"a":1})"))
        bytes.emplace_back(1, byte);
    const Scripted daemon(bytes);
    const auto value = daemon.client().call({"PUT", "/v1/x?y=1", "body", "text/plain"});
    REQUIRE(value);
    CHECK(value->at("a") == 1);
    CHECK(daemon.request().starts_with("PUT /v1/x?y=1 HTTP/1.1\r\n"));
    CHECK(daemon.request().find("Content-Length: 4\r\n") != std::string::npos);
}

TEST_CASE("What is no answer is a failure that says so") {
    CHECK(Scripted({answer("200 OK", "no JSON")}).client().call({}).error().fault == Fault::failed);
    CHECK(Scripted({answer("500 Oh", "{}")}).client().call({}).error().cause ==
          "answered with HTTP status 500");
    CHECK(Scripted({"HTTP/1.1 200 OK\r\nContent-Le"}).client().call({}).error().fault == Fault::unreachable);
    const Failure refusal(Error{Fault::busy, "domain 'web'", "is busy", "wait"});
    const std::string told =
        answer("409 Conflict", R"({"schema":"xvm.error/1","fault":"busy","exit_code":4,)"
                               R"("object":"domain 'web'","cause":"is busy","remedy":"wait"})");
    CHECK(Scripted({told}).client().call({}).error().line() == refusal.line());
    CHECK(Http_client(std::string(200, 'x'), "testd").call({}).error().fault == Fault::usage);
    CHECK(Http_client("/nowhere/at/all", "testd").call({}).error().fault == Fault::unreachable);
}

TEST_CASE("Silence has its limit, and what happens meanwhile is told") {
    const Scripted daemon({}, Scripted::Then::hold);
    Waiting waiting;
    waiting.silence_max = 60ms;
    waiting.tick = 5ms;
    int ticks = 0;
    waiting.ticked = [&] { ++ticks; };
    CHECK(daemon.client(waiting).call({}).error().fault == Fault::timeout);
    CHECK(ticks > 0);
}

TEST_CASE("One who waits and is interrupted may go on, or not") {
    const Unique_fd interrupt(::eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK));
    Waiting waiting;
    waiting.interrupt_fd = interrupt.get();
    int asked = 0;
    SECTION("on") {
        waiting.interrupted = [&] {
            std::uint64_t count = 0;
            REQUIRE(::read(interrupt.get(), &count, sizeof count) == sizeof count);
            ++asked;
            return true;
        };
        const Scripted daemon({"HTTP/1.1 200 OK\r\n", "Content-Length: 2\r\n\r\n{}"});
        CHECK(daemon.client(waiting).call({}));
        CHECK(asked == 1);
    }
    SECTION("not") {
        waiting.interrupted = [&] {
            ++asked;
            return false;
        };
        const Scripted daemon({}, Scripted::Then::hold);
        CHECK(daemon.client(waiting).call({}).error().cause == "interrupted");
        CHECK(asked == 1);
    }
}

TEST_CASE("A stream is lines, however it is cut into pieces and chunks") {
    std::vector<std::string> lines;
    const auto take = [&](std::string_view line) {
        lines.emplace_back(line);
        return true;
    };
    const Scripted daemon({stream_head + "5\r\n{\"a\":\r\n", "4\r\n1}\n{\r\n", "2\r\n}\n\r\n0\r\n\r\n"});
    CHECK(daemon.client().stream({}, take));
    CHECK(lines == std::vector<std::string>{"{\"a\":1}", "{}"});
}

TEST_CASE("A stream ends well when the taker has enough, or the daemon goes") {
    int taken = 0;
    const std::string two = stream_head + "6\r\n{}\n{}\n\r\n";
    CHECK(Scripted({two}, Scripted::Then::hold).client().stream({}, [&](std::string_view) {
        return ++taken < 1;
    }));
    CHECK(taken == 1);
    CHECK(Scripted({two}).client().stream({}, [&](std::string_view) { return true; }));
}

TEST_CASE("A stream that is refused is a failure, and no line") {
    const std::string told = R"({"schema":"xvm.error/1","fault":"exhausted","exit_code":5,"object":"events",)"
                             R"("cause":"too many","remedy":""})";
    bool taken = false;
    const auto refused = Scripted({answer("507 Full", told)}).client().stream({}, [&](std::string_view) {
        return taken = true;
    });
    REQUIRE_FALSE(refused);
    CHECK(refused.error().fault == Fault::exhausted);
    CHECK_FALSE(taken);
}
