// SPDX-License-Identifier: Apache-2.0
#include "daemons/common/http_server.hpp"

#include "daemons/common/json_reply.hpp"
#include "tests/unit/daemons/common/scratch.hpp"
#include "toolstack/api/http_client.hpp"
#include "toolstack/api/target.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch.hpp>
#include <thread>
#include <vector>

using namespace xvm;
using namespace xvm::daemon;
namespace asio = boost::asio;
namespace json = boost::json;

namespace {

/// A server on a thread of its own, with routes for each test.
class Running {
  public:
    explicit Running(Http_limits limits = {}) {
        Router router;
        router.add("GET", "/name", immediate([](const Request&) {
                       return json_response(json::object{{"schema", "test/1"}, {"name", "web"}});
                   }));
        router.add("POST", "/echo", immediate([](const Request& request) {
                       return json_response(
                           json::object{{"bytes", request.body.size()}, {"type", request.content_type}});
                   }));
        router.add(
            "GET", "/refused", immediate([](const Request&) {
                return failure_response(Error{Fault::exhausted, "host", "not enough memory", "free some"});
            }));
        router.add("GET", "/slow", [this](const Request&, const Reply& reply) {
            workers_.emplace_back([reply] { reply.send(json_response("from another thread")); });
        });
        auto listener = Unix_listener::open(scratch_ / "d.sock", "testd");
        REQUIRE(listener);
        server_ = std::make_unique<Http_server>(context_, std::move(*listener), std::move(router), limits);
        thread_ = std::thread([this] { context_.run(); });
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    ~Running() {
        asio::post(context_, [this] {
            server_->stop();
            context_.stop();
        });
        thread_.join();
        for (std::thread& worker : workers_)
            worker.join();
    }

    [[nodiscard]] std::string path() const { return scratch_ / "d.sock"; }
    [[nodiscard]] auto call(const api::Call& call) const {
        return api::Http_client(path(), "testd").call(call);
    }

    /// Sends bytes as they are and reads until the server closes.
    [[nodiscard]] std::string raw(const std::string& bytes) const {
        asio::io_context context;
        asio::local::stream_protocol::socket socket(context);
        socket.connect(path());
        boost::system::error_code ignored;
        asio::write(socket, asio::buffer(bytes), ignored);
        std::string answer;
        asio::read(socket, asio::dynamic_buffer(answer), ignored);
        return answer;
    }

  private:
    tests::Scratch scratch_;
    asio::io_context context_;
    std::vector<std::thread> workers_;
    std::unique_ptr<Http_server> server_;
    std::thread thread_;
};

} // namespace

TEST_CASE("A client gets the JSON of a handler, also from another thread") {
    const Running running;
    const auto name = running.call({"GET", "/name", {}, {}});
    REQUIRE(name);
    CHECK(name->at("name") == "web");
    CHECK(*running.call({"GET", "/slow", {}, {}}) == "from another thread");
    const auto echo = running.call({"POST", "/echo", std::string(1024 * 1024, 'x'), "application/toml"});
    REQUIRE(echo);
    CHECK(echo->at("bytes") == 1024 * 1024);
    CHECK(echo->at("type") == "application/toml");
}

TEST_CASE("A refusal arrives as it was made") {
    const Running running;
    const auto refused = running.call({"GET", "/refused", {}, {}});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().fault == Fault::exhausted);
    CHECK(refused.error().line() == "host: not enough memory; free some");
    CHECK(running.raw("GET /refused HTTP/1.1\r\nConnection: close\r\n\r\n").find("HTTP/1.1 507") == 0);
}

TEST_CASE("A body or a header beyond the limit is refused, and the next client is served") {
    const Running running;
    CHECK(running.raw("POST /echo HTTP/1.1\r\nContent-Length: 1048577\r\n\r\n").find("HTTP/1.1 413") == 0);
    CHECK(running.raw("GET /name HTTP/1.1\r\nX: " + std::string(20'000, 'y') + "\r\n\r\n")
              .find("HTTP/1.1 431") == 0);
    CHECK(running.raw("this is no HTTP\r\n\r\n").find("HTTP/1.1 400") == 0);
    CHECK(running.call({"GET", "/name", {}, {}}));
}

TEST_CASE("Requests on one connection are answered in order") {
    const Running running;
    const std::string answer =
        running.raw("GET /name HTTP/1.1\r\n\r\nGET /none HTTP/1.1\r\nConnection: close\r\n\r\n");
    const auto first = answer.find("HTTP/1.1 200");
    const auto second = answer.find("HTTP/1.1 404");
    CHECK(first == 0);
    CHECK(second != std::string::npos);
}

TEST_CASE("A silent client is dropped; a connection too many is told so") {
    Http_limits limits;
    limits.idle_max = std::chrono::milliseconds(50);
    const Running impatient(limits);
    CHECK(impatient.raw("GET /name").empty());

    limits = {};
    limits.connections_max = 1;
    const Running small(limits);
    asio::io_context context;
    asio::local::stream_protocol::socket first(context);
    first.connect(small.path());
    CHECK(small.raw("").find("HTTP/1.1 503") == 0);
}

TEST_CASE("Nobody listening is unreachable, with the way to start the daemon") {
    const tests::Scratch scratch;
    const auto refused = api::Http_client(scratch / "none.sock", "xvmd").call({});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().fault == Fault::unreachable);
    CHECK(refused.error().remedy == "start it: systemctl start xvmd");
}
