// SPDX-License-Identifier: Apache-2.0
#include "toolstack/api/http_client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/json/parse.hpp>

namespace xvm::api {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;
namespace {

constexpr std::uint64_t answer_bytes_max = 16u << 20;

Failure connect_failure(const error_code& error, const std::string& daemon, const std::string& path) {
    if (error == boost::system::errc::no_such_file_or_directory ||
        error == boost::system::errc::connection_refused)
        return Error{Fault::unreachable, daemon, "not running (nobody listens on " + path + ")",
                     "start it: systemctl start " + daemon};
    if (error == boost::system::errc::permission_denied)
        return Error{Fault::denied, path, "permission denied", "run as root"};
    return Error{Fault::unreachable, daemon, path + ": " + error.message(), {}};
}

} // namespace

Http_client::Http_client(std::string socket_path, std::string daemon, std::chrono::milliseconds silence_max)
    : socket_path_(std::move(socket_path)), daemon_(std::move(daemon)), silence_max_(silence_max) {}

tl::expected<boost::json::value, Failure> Http_client::call(const Call& call) const {
    const auto refuse = [](Failure failure) { return tl::unexpected<Failure>(std::move(failure)); };
    if (socket_path_.size() >= sizeof(sockaddr_un::sun_path))
        return refuse(Error{Fault::usage, socket_path_, "too long for a socket's path", {}});

    asio::io_context context;
    beast::basic_stream<asio::local::stream_protocol> stream(context);
    error_code error;
    // Connecting to a Unix socket does not wait, unless the daemon's backlog is full; expires_after holds
    // for asynchronous calls only, so all of them are asynchronous.
    const auto wait = [&](auto&& start) {
        stream.expires_after(silence_max_);
        start([&error](const error_code& result, auto&&...) { error = result; });
        context.restart();
        context.run();
    };
    wait(
        [&](auto done) { stream.async_connect(asio::local::stream_protocol::endpoint(socket_path_), done); });
    if (error) return refuse(connect_failure(error, daemon_, socket_path_));

    http::request<http::string_body> request{http::string_to_verb(call.method), call.target, 11};
    request.set(http::field::host, "localhost");
    request.set(http::field::connection, "close");
    if (!call.content_type.empty()) request.set(http::field::content_type, call.content_type);
    request.body() = call.body;
    request.prepare_payload();
    wait([&](auto done) { http::async_write(stream, request, done); });
    // A refusal may come before the whole request went out: the answer says more than EPIPE.
    const error_code write_error = error;

    beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.body_limit(answer_bytes_max);
    wait([&](auto done) { http::async_read(stream, buffer, parser, done); });
    if (error == beast::error::timeout)
        return refuse(
            Error{Fault::timeout, daemon_, "no answer in time", "see its log: journalctl -u " + daemon_});
    if (error) {
        const error_code& why = write_error ? write_error : error;
        return refuse(Error{Fault::unreachable, daemon_, "the connection broke: " + why.message(),
                            "see its log: journalctl -u " + daemon_});
    }

    const auto& answer = parser.get();
    boost::json::value value = boost::json::parse(answer.body(), error);
    if (error) return refuse(Error{Fault::failed, daemon_, "the answer is not JSON: " + error.message(), {}});
    if (answer.result_int() / 100 == 2) return value;
    if (auto failure = parse_failure(value)) return refuse(std::move(*failure));
    return refuse(Error{
        Fault::failed, daemon_, "answered with HTTP status " + std::to_string(answer.result_int()), {}});
}

} // namespace xvm::api
