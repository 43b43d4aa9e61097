// SPDX-License-Identifier: Apache-2.0
// Answers that take their time: streams, and clients that do not wait for them.
#include "daemons/common/json_reply.hpp"
#include "tests/unit/daemons/common/running_server.hpp"

#include <future>
#include <optional>

using namespace xvm;
using namespace xvm::daemon;
namespace asio = boost::asio;
using asio::local::stream_protocol;

namespace {

using tests::Running_server;

/// Hands what a handler was given to the test.
template <class T>
class Caught {
  public:
    void put(T value) { promise_.set_value(std::move(value)); }
    [[nodiscard]] T get() { return promise_.get_future().get(); }

  private:
    std::promise<T> promise_;
};

struct Client_socket {
    explicit Client_socket(const std::string& path) : socket(context) { socket.connect(path); }
    void send(const std::string& text) { asio::write(socket, asio::buffer(text)); }
    /// Reads until `mark` came, or the server closed.
    std::string read_to(const std::string& mark) {
        boost::system::error_code error;
        while (got.find(mark) == std::string::npos && !error) {
            std::array<char, 4096> part{};
            got.append(part.data(), socket.read_some(asio::buffer(part), error));
        }
        return got;
    }
    asio::io_context context;
    stream_protocol::socket socket;
    std::string got;
};

} // namespace

TEST_CASE("A stream arrives part by part, and the connection goes on after its end") {
    Caught<Stream> caught;
    Router router;
    router.add("GET", "/events",
               [&](const Request&, const Reply& reply) { caught.put(reply.stream("application/x-ndjson")); });
    router.add("GET", "/name", immediate([](const Request&) { return json_response("web"); }));
    const Running_server running(std::move(router));
    Client_socket client(running.path());
    client.send("GET /events HTTP/1.1\r\n\r\nGET /name HTTP/1.1\r\nConnection: close\r\n\r\n");
    const Stream stream = caught.get();
    CHECK(client.read_to("\r\n\r\n").find("chunked") != std::string::npos);
    CHECK(stream.write("{\"seq\":1}\n"));
    CHECK(client.read_to("{\"seq\":1}\n\r\n").find("a\r\n{\"seq\":1}\n\r\n") != std::string::npos);
    CHECK(stream.write("{\"seq\":2}\n"));
    stream.end();
    CHECK_FALSE(stream.write("late"));
    const std::string all = client.read_to("\"web\"");
    CHECK(all.find("{\"seq\":2}\n\r\n0\r\n\r\n") != std::string::npos);
    CHECK(all.find("late") == std::string::npos);
}

TEST_CASE("An old client gets a stream bare, up to the closing") {
    Router router;
    router.add("GET", "/events",
               [](const Request&, const Reply& reply) { CHECK(reply.stream("text/plain").write("bare")); });
    const Running_server running(std::move(router));
    const std::string answer = running.raw("GET /events HTTP/1.0\r\n\r\n");
    CHECK(answer.find("HTTP/1.0 200") == 0);
    CHECK(answer.find("chunked") == std::string::npos);
    CHECK(answer.ends_with("\r\n\r\nbare"));
}

TEST_CASE("A handler notices that its client went") {
    Caught<Reply> caught;
    std::promise<void> told;
    Router router;
    router.add("POST", "/long", [&](const Request&, const Reply& reply) {
        reply.on_gone([&told] { told.set_value(); });
        caught.put(reply);
    });
    const Running_server running(std::move(router));
    std::optional<Client_socket> client(std::in_place, running.path());
    client->send("POST /long HTTP/1.1\r\nContent-Length: 0\r\n\r\n");
    const Reply reply = caught.get();
    SECTION("it closed") {
        CHECK_FALSE(reply.gone());
        client.reset();
        told.get_future().wait();
        CHECK(reply.gone());
        reply.send(json_response("nobody reads this"));
    }
    SECTION("it only has no more to send: it still waits") {
        client->socket.shutdown(stream_protocol::socket::shutdown_send);
        reply.send(json_response("for you"));
        CHECK(client->read_to("for you").find("for you") != std::string::npos);
        CHECK_FALSE(told.get_future().wait_for(std::chrono::seconds(0)) == std::future_status::ready);
    }
    SECTION("it sends the next request meanwhile: it still waits") {
        client->send("GET /none HTTP/1.1\r\nConnection: close\r\n\r\n");
        reply.send(json_response("first"));
        const std::string both = client->read_to("no such resource");
        CHECK(both.find("first") < both.find("404"));
        CHECK_FALSE(told.get_future().wait_for(std::chrono::seconds(0)) == std::future_status::ready);
    }
}

TEST_CASE("Who asks after the client went is told at once") {
    Caught<Reply> caught;
    Router router;
    router.add("GET", "/long", [&](const Request&, const Reply& reply) { caught.put(reply); });
    const Running_server running(std::move(router));
    std::optional<Client_socket> client(std::in_place, running.path());
    client->send("GET /long HTTP/1.1\r\n\r\n");
    const Reply reply = caught.get();
    std::promise<void> first;
    reply.on_gone([&] { first.set_value(); });
    client.reset();
    first.get_future().wait();
    CHECK(reply.gone());
}

TEST_CASE("A stream's reader that does not keep up is cut off, and nothing is kept for it") {
    Caught<Stream> caught;
    Router router;
    router.add("GET", "/events",
               [&](const Request&, const Reply& reply) { caught.put(reply.stream("text/plain")); });
    Http_limits limits;
    limits.stream_bytes_max = 64 * 1024;
    limits.transfer_max = std::chrono::milliseconds(100);
    const Running_server running(std::move(router), limits);
    Client_socket client(running.path());
    client.send("GET /events HTTP/1.1\r\n\r\n");
    const Stream stream = caught.get();
    const std::string text(16 * 1024, 'x');
    int taken = 0;
    while (stream.write(text)) {
        ++taken;
        REQUIRE(taken < 1000); // what sockets buffer is far less
    }
    CHECK(stream.closed());
    // What the server had on its way is all that arrives: the connection is closed.
    client.read_to("no such mark");
    CHECK(client.got.size() <= text.size() * static_cast<std::size_t>(taken) + 4096);
}

TEST_CASE("A reader that keeps up is never cut off, however much there is") {
    Router router;
    constexpr int parts = 200;
    router.add("GET", "/events", [](const Request&, const Reply& reply) {
        std::thread([stream = reply.stream("text/plain")] {
            for (int i = 0; i < parts; ++i)
                if (!stream.write(std::string(100, '#'))) return;
        }).detach();
    });
    const Running_server running(std::move(router));
    const std::string answer = running.raw("GET /events HTTP/1.1\r\nConnection: close\r\n\r\n");
    CHECK(std::count(answer.begin(), answer.end(), '#') == parts * 100);
    CHECK(answer.ends_with("0\r\n\r\n"));
}

TEST_CASE("A client that went leaves its stream closed") {
    Caught<std::pair<Reply, Stream>> caught;
    Router router;
    router.add("GET", "/events", [&](const Request&, const Reply& reply) {
        caught.put({reply, reply.stream("text/plain")});
    });
    const Running_server running(std::move(router));
    std::optional<Client_socket> client(std::in_place, running.path());
    client->send("GET /events HTTP/1.1\r\n\r\n");
    const auto [reply, stream] = caught.get();
    std::promise<void> told;
    reply.on_gone([&] { told.set_value(); });
    client->read_to("\r\n\r\n");
    CHECK_FALSE(stream.closed());
    client.reset();
    told.get_future().wait();
    CHECK(stream.closed());
    CHECK_FALSE(stream.write("nobody reads this"));
}

TEST_CASE("An answer is given once: what comes after it goes nowhere") {
    Router router;
    router.add("GET", "/twice", [](const Request&, const Reply& reply) {
        reply.send(json_response("first"));
        const Stream stream = reply.stream("text/plain");
        CHECK(stream.closed());
        CHECK_FALSE(stream.write("second"));
        reply.send(json_response("third"));
    });
    const Running_server running(std::move(router));
    CHECK(*running.call({"GET", "/twice", {}, {}}) == "first");
}
