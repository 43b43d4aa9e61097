// SPDX-License-Identifier: Apache-2.0
#include "daemons/common/http_session.hpp"

#include "daemons/common/json_reply.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <optional>

namespace xvm::daemon {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::local::stream_protocol;
using Stream = beast::basic_stream<stream_protocol>;
using Parser = http::request_parser<http::string_body>;
namespace {

constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);

/// Calls the router and waits for the answer, from whatever thread it comes.
asio::awaitable<Response> answer_of(const Router& router, Request request, std::string target) {
    auto start = [&router, request = std::move(request), target = std::move(target)](auto handler) mutable {
        using Completion = decltype(handler);
        struct Waiting {
            explicit Waiting(Completion&& done)
                : completion(std::move(done)), work(asio::get_associated_executor(completion)) {}
            Completion completion;
            asio::executor_work_guard<asio::associated_executor_t<Completion>> work;
        };
        auto waiting = std::make_shared<Waiting>(std::move(handler));
        const Reply reply([waiting](Response response) {
            asio::post(waiting->work.get_executor(), [waiting, response = std::move(response)]() mutable {
                waiting->work.reset();
                std::move(waiting->completion)(std::move(response));
            });
        });
        router.serve(std::move(request), target, reply);
    };
    co_return co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(Response)>(
        std::move(start), asio::use_awaitable);
}

asio::awaitable<bool> write_answer(Stream& stream, Response response, unsigned version, bool keep_alive,
                                   std::chrono::milliseconds limit) {
    http::response<http::string_body> message{http::int_to_status(response.status), version};
    message.set(http::field::content_type, response.content_type);
    message.keep_alive(keep_alive);
    message.body() = std::move(response.body);
    message.prepare_payload();
    stream.expires_after(limit);
    auto [error, bytes] = co_await http::async_write(stream, message, no_throw);
    static_cast<void>(bytes);
    co_return !error;
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

} // namespace

asio::awaitable<void> serve_connection(stream_protocol::socket socket, std::shared_ptr<Http_shared> shared) {
    Stream stream(std::move(socket));
    beast::flat_buffer buffer;
    const Http_limits& limits = shared->limits;
    for (bool keep_alive = true; keep_alive && !shared->stopping;) {
        Parser parser;
        parser.header_limit(static_cast<std::uint32_t>(limits.header_bytes_max));
        parser.body_limit(limits.body_bytes_max);
        stream.expires_after(limits.idle_max);
        auto [error, bytes] = co_await http::async_read_header(stream, buffer, parser, no_throw);
        static_cast<void>(bytes);
        if (!error && !parser.is_done()) {
            stream.expires_after(limits.transfer_max);
            std::tie(error, bytes) = co_await http::async_read(stream, buffer, parser, no_throw);
        }
        if (error) {
            if (auto response = broken_request(error, limits))
                co_await write_answer(stream, std::move(*response), 11, false, limits.transfer_max);
            break;
        }
        stream.expires_never(); // the handler takes the time it needs
        auto message = parser.release();
        keep_alive = message.keep_alive();
        Request request;
        request.method = text(message.method_string());
        request.content_type = text(message[http::field::content_type]);
        request.body = std::move(message.body());
        Response response = co_await answer_of(shared->router, std::move(request), text(message.target()));
        keep_alive = keep_alive && !shared->stopping;
        if (!co_await write_answer(stream, std::move(response), message.version(), keep_alive,
                                   limits.transfer_max))
            break;
    }
    boost::system::error_code ignored;
    stream.socket().shutdown(stream_protocol::socket::shutdown_both, ignored);
}

asio::awaitable<void> refuse_connection(stream_protocol::socket socket) {
    Stream stream(std::move(socket));
    Response response = failure_response(
        Error{Fault::exhausted, "daemon", "too many connections", "close some, or ask again in a moment"});
    response.status = 503;
    co_await write_answer(stream, std::move(response), 11, false, std::chrono::seconds(1));
}

} // namespace xvm::daemon
