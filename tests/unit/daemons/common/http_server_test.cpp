// SPDX-License-Identifier: Apache-2.0
#include "daemons/common/http_server.hpp"

#include "daemons/common/json_reply.hpp"
#include "tests/unit/daemons/common/running_server.hpp"

#include <unistd.h>

using namespace xvm;
using namespace xvm::daemon;
namespace asio = boost::asio;
namespace json = boost::json;

namespace {

using tests::Running_server;

Router sample() {
    Router router;
    router.add("GET", "/name", immediate([](const Request&) {
                   return json_response(json::object{{"schema", "test/1"}, {"name", "web"}});
               }));
    router.add("POST", "/echo", immediate([](const Request& request) {
                   return json_response(
                       json::object{{"bytes", request.body.size()}, {"type", request.content_type}});
               }));
    router.add("GET", "/refused", immediate([](const Request&) {
                   return failure_response(Error{Fault::exhausted, "host", "not enough memory", "free some"});
               }));
    router.add("GET", "/slow", [](const Request&, const Reply& reply) {
        std::thread([reply] { reply.send(json_response("from another thread")); }).detach();
    });
    router.add("GET", "/me", immediate([](const Request& request) {
                   return json_response(json::object{{"uid", request.peer.uid},
                                                     {"gid", request.peer.gid},
                                                     {"pid", request.peer.pid},
                                                     {"read_only", request.read_only}});
               }));
    return router;
}

} // namespace

TEST_CASE("A client gets the JSON of a handler, also from another thread") {
    const Running_server running(sample());
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
    const Running_server running(sample());
    const auto refused = running.call({"GET", "/refused", {}, {}});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().fault == Fault::exhausted);
    CHECK(refused.error().line() == "host: not enough memory; free some");
    CHECK(running.raw("GET /refused HTTP/1.1\r\nConnection: close\r\n\r\n").find("HTTP/1.1 507") == 0);
}

TEST_CASE("A body or a header beyond the limit is refused, and the next client is served") {
    const Running_server running(sample());
    CHECK(running.raw("POST /echo HTTP/1.1\r\nContent-Length: 1048577\r\n\r\n").find("HTTP/1.1 413") == 0);
    CHECK(running.raw("GET /name HTTP/1.1\r\nX: " + std::string(20'000, 'y') + "\r\n\r\n")
              .find("HTTP/1.1 431") == 0);
    CHECK(running.raw("this is no HTTP\r\n\r\n").find("HTTP/1.1 400") == 0);
    CHECK(running.call({"GET", "/name", {}, {}}));
}

TEST_CASE("Requests on one connection are answered in order") {
    const Running_server running(sample());
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
    const Running_server impatient(sample(), limits);
    CHECK(impatient.raw("GET /name").empty());

    limits = {};
    limits.connections_max = 1;
    const Running_server small(sample(), limits);
    asio::io_context context;
    asio::local::stream_protocol::socket first(context);
    first.connect(small.path());
    CHECK(small.raw("").find("HTTP/1.1 503") == 0);
    // Who may only read is counted apart: they cannot keep out who may do more, nor the other way round.
    CHECK(small.raw(small.read_only_path(), "GET /name HTTP/1.1\r\nConnection: close\r\n\r\n")
              .find("HTTP/1.1 200") == 0);
}

TEST_CASE("A handler knows who asks and by which socket") {
    const Running_server running(sample());
    const auto me = running.call({"GET", "/me", {}, {}});
    REQUIRE(me);
    CHECK(me->at("uid") == ::getuid());
    CHECK(me->at("gid") == ::getgid());
    CHECK(me->at("pid") == ::getpid());
    CHECK(me->at("read_only") == false);
    const auto reader = api::Http_client(running.read_only_path(), "testd").call({"GET", "/me", {}, {}});
    REQUIRE(reader);
    CHECK(reader->at("read_only") == true);
}

TEST_CASE("The read-only socket refuses whatever is not GET, before any handler") {
    const Running_server running(sample());
    const auto refused =
        api::Http_client(running.read_only_path(), "testd").call({"POST", "/echo", "x", "text/plain"});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().fault == Fault::denied);
    const std::string post = "POST /echo HTTP/1.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    const std::string answer = running.raw(running.read_only_path(), post);
    CHECK(answer.find("HTTP/1.1 403") == 0);
    CHECK(answer.find("xvm.error/1") != std::string::npos);
    CHECK(running.raw(post).find("HTTP/1.1 200") == 0);
}

TEST_CASE("Nobody listening is unreachable, with the way to start the daemon") {
    const tests::Scratch scratch;
    const auto refused = api::Http_client(scratch / "none.sock", "xvmd").call({});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().fault == Fault::unreachable);
    CHECK(refused.error().remedy == "start it: systemctl start xvmd");
}

TEST_CASE("Whoever observes is told of each request and its answer") {
    int began = 0;
    std::vector<std::string> answers;
    {
        const Running_server running(sample(), {},
                                     {[&] { ++began; },
                                      [&](const std::string& method, unsigned status) {
                                          answers.push_back(method + " " + std::to_string(status));
                                      }});
        CHECK(running.call({"GET", "/name", {}, {}}));
        CHECK_FALSE(running.call({"GET", "/none", {}, {}}));
        CHECK_FALSE(
            api::Http_client(running.read_only_path(), "testd").call({"POST", "/echo", "x", "text/plain"}));
    }
    CHECK(began == 3);
    CHECK(answers == std::vector<std::string>{"GET 200", "GET 404", "POST 403"});
}
