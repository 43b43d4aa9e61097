// SPDX-License-Identifier: Apache-2.0
#include "daemons/common/http_session.hpp"

#include "daemons/common/exchange.hpp"
#include "daemons/common/json_reply.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <optional>
#include <sys/socket.h>

namespace xvm::daemon {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::local::stream_protocol;
using Connection = beast::basic_stream<stream_protocol>;
using Parser = http::request_parser<http::string_body>;
namespace {

constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);

/// The exchange of one request, known to the server and watched for its client's going while it lasts.
class At_work {
  public:
    At_work(Connection& connection, std::shared_ptr<Http_shared> shared)
        : connection_(connection), shared_(std::move(shared)),
          exchange(std::make_shared<Exchange>(connection.get_executor(), shared_->limits.stream_bytes_max)) {
        shared_->at_work.insert(exchange.get());
        // An error condition, not readability: a client may send its next request meanwhile, or close only
        // its sending half. When it closes for good the kernel says so.
        connection_.socket().async_wait(stream_protocol::socket::wait_error,
                                        [watched = exchange](const boost::system::error_code& error) {
                                            if (!error) watched->lose();
                                        });
    }
    At_work(const At_work&) = delete;
    At_work& operator=(const At_work&) = delete;
    ~At_work() {
        boost::system::error_code ignored;
        connection_.socket().cancel(ignored);
        shared_->at_work.erase(exchange.get());
        exchange->finish();
    }

  private:
    Connection& connection_;
    std::shared_ptr<Http_shared> shared_;

  public:
    const std::shared_ptr<Exchange> exchange;
};

asio::awaitable<bool> write_answer(Connection& connection, Response response, unsigned version,
                                   bool keep_alive, std::chrono::milliseconds limit) {
    http::response<http::string_body> message{http::int_to_status(response.status), version};
    message.set(http::field::content_type, response.content_type);
    message.keep_alive(keep_alive);
    message.body() = std::move(response.body);
    message.prepare_payload();
    connection.expires_after(limit);
    auto [error, bytes] = co_await http::async_write(connection, message, no_throw);
    static_cast<void>(bytes);
    co_return !error;
}

asio::awaitable<bool> write_stream_header(Connection& connection, std::string content_type, bool chunked,
                                          bool keep_alive, std::chrono::milliseconds limit) {
    http::response<http::empty_body> message{http::status::ok, chunked ? 11U : 10U};
    message.set(http::field::content_type, content_type);
    message.keep_alive(keep_alive);
    message.chunked(chunked);
    http::response_serializer<http::empty_body> serializer{message};
    connection.expires_after(limit);
    auto [error, bytes] = co_await http::async_write_header(connection, serializer, no_throw);
    static_cast<void>(bytes);
    co_return !error;
}

/// A part of a stream; `last`: and its end.
asio::awaitable<bool> write_part(Connection& connection, std::string text, bool chunked, bool last,
                                 std::chrono::milliseconds limit) {
    connection.expires_after(limit);
    boost::system::error_code error;
    if (!text.empty() && chunked)
        error = std::get<0>(
            co_await asio::async_write(connection, http::make_chunk(asio::buffer(text)), no_throw));
    else if (!text.empty())
        error = std::get<0>(co_await asio::async_write(connection, asio::buffer(text), no_throw));
    if (!error && last && chunked)
        error = std::get<0>(co_await asio::async_write(connection, http::make_chunk_last(), no_throw));
    connection.expires_never(); // the next part comes when it comes
    co_return !error;
}

/// Has the request answered. False: the connection is of no more use.
asio::awaitable<bool> answer(Connection& connection, std::shared_ptr<Http_shared> shared, Request request,
                             std::string target, unsigned version, bool keep_alive) {
    const std::chrono::milliseconds limit = shared->limits.transfer_max;
    const bool chunked = version >= 11; // HTTP/1.0 knows the end by the closing
    const At_work work(connection, shared);
    const std::string method = request.method;
    bool streaming = false;
    shared->router.serve(std::move(request), target, Reply(work.exchange));
    for (;;) {
        co_await work.exchange->changed();
        if (work.exchange->gone()) co_return false;
        Exchange::News news = work.exchange->take();
        if (news.response) {
            shared->tell_answered(method, news.response->status);
            keep_alive = keep_alive && !shared->stopping;
            co_return co_await write_answer(connection, std::move(*news.response), version, keep_alive,
                                            limit) &&
                keep_alive;
        }
        if (news.content_type) {
            streaming = true;
            shared->tell_answered(method, 200);
            if (!co_await write_stream_header(connection, std::move(*news.content_type), chunked,
                                              keep_alive && chunked, limit))
                co_return false;
        }
        if (!streaming) continue;
        const bool last = news.ended || shared->stopping;
        if (!co_await write_part(connection, std::move(news.text), chunked, last, limit)) co_return false;
        if (last) co_return keep_alive&& chunked && !shared->stopping;
    }
}

Response read_only_refusal(const std::string& method) {
    return failure_response(Error{Fault::denied, "request",
                                  method + " changes things, and this socket is for reading only",
                                  "use the main socket, if you may"});
}

/// What to tell a client whose request could not be read; nothing when it just went away.
std::optional<Response> broken_request(const boost::system::error_code& error, const Http_limits& limits) {
    const auto refusal = [](unsigned status, std::string cause) {
        Response response = failure_response(Error{Fault::usage, "request", std::move(cause), {}});
        response.status = status;
        return response;
    };
    if (error == http::error::body_limit)
        return refusal(413, "the body is larger than " + std::to_string(limits.body_bytes_max) + " bytes");
    if (error == http::error::header_limit)
        return refusal(431,
                       "the header is larger than " + std::to_string(limits.header_bytes_max) + " bytes");
    if (error == http::error::end_of_stream || error == http::error::partial_message ||
        error == beast::error::timeout ||
        error.category() != http::make_error_code(http::error::bad_target).category())
        return std::nullopt;
    return refusal(400, "not HTTP/1.1: " + error.message());
}

std::string text(beast::string_view view) {
    return {view.data(), view.size()};
}

std::string_view view(beast::string_view text) {
    return {text.data(), text.size()};
}

Peer peer_of(int socket) noexcept {
    ucred who{};
    socklen_t size = sizeof who;
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) return {};
    return {who.uid, who.gid, who.pid};
}

} // namespace

asio::awaitable<void> serve_connection(stream_protocol::socket socket, std::shared_ptr<Http_shared> shared,
                                       Http_access access) {
    const Peer peer = peer_of(socket.native_handle());
    Connection connection(std::move(socket));
    beast::flat_buffer buffer;
    const Http_limits& limits = shared->limits;
    for (bool go_on = true; go_on && !shared->stopping;) {
        Parser parser;
        parser.header_limit(static_cast<std::uint32_t>(limits.header_bytes_max));
        parser.body_limit(limits.body_bytes_max);
        connection.expires_after(limits.idle_max);
        auto [error, bytes] = co_await http::async_read_header(connection, buffer, parser, no_throw);
        static_cast<void>(bytes);
        if (!error && !parser.is_done()) {
            connection.expires_after(limits.transfer_max);
            std::tie(error, bytes) = co_await http::async_read(connection, buffer, parser, no_throw);
        }
        if (error) {
            if (auto response = broken_request(error, limits))
                co_await write_answer(connection, std::move(*response), 11, false, limits.transfer_max);
            break;
        }
        connection.expires_never(); // the handler takes the time it needs
        shared->tell_began();
        auto message = parser.release();
        const bool keep_alive = message.keep_alive();
        Request request;
        request.method = text(message.method_string());
        request.content_type = text(message[http::field::content_type]);
        request.body = std::move(message.body());
        request.peer = peer;
        request.read_only = access.read_only;
        std::optional<Response> refused;
        if (access.gate)
            if (const Status let_in = access.gate->check(
                    {view(message.target()), view(message[http::field::host]),
                     view(message[http::field::origin]), view(message[http::field::authorization])});
                !let_in)
                refused = failure_response(let_in.error());
        if (!refused && access.read_only && request.method != "GET")
            refused = read_only_refusal(request.method);
        if (refused) {
            Response refusal = std::move(*refused);
            shared->tell_answered(request.method, refusal.status);
            go_on = co_await write_answer(connection, std::move(refusal), message.version(), keep_alive,
                                          limits.transfer_max) &&
                    keep_alive;
        } else {
            go_on = co_await answer(connection, shared, std::move(request), text(message.target()),
                                    message.version(), keep_alive);
        }
    }
    boost::system::error_code ignored;
    connection.socket().shutdown(stream_protocol::socket::shutdown_both, ignored);
}

asio::awaitable<void> refuse_connection(stream_protocol::socket socket) {
    Connection connection(std::move(socket));
    Response response = failure_response(
        Error{Fault::exhausted, "daemon", "too many connections", "close some, or ask again in a moment"});
    response.status = 503;
    co_await write_answer(connection, std::move(response), 11, false, std::chrono::seconds(1));
}

} // namespace xvm::daemon
