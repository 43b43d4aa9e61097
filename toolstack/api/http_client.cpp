// SPDX-License-Identifier: Apache-2.0
#include "toolstack/api/http_client.hpp"

#include "toolstack/api/local_stream.hpp"

#include <boost/asio/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/json/parse.hpp>
#include <sys/stat.h>

namespace xvm::api {
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;
namespace {

constexpr std::uint64_t answer_bytes_max = 16u << 20;
constexpr std::size_t line_bytes_max = 1u << 20;

tl::unexpected<Failure> refuse(Failure failure) {
    return tl::unexpected<Failure>(std::move(failure));
}

Failure connect_failure(const error_code& error, const std::string& daemon, const std::string& path) {
    if (error == boost::system::errc::filename_too_long)
        return Error{Fault::usage, path, "too long for a socket's path", "give one of at most 107 bytes"};
    struct stat status {};
    if (error == boost::system::errc::connection_refused && ::stat(path.c_str(), &status) == 0 &&
        !S_ISSOCK(status.st_mode))
        return Error{Fault::usage, path, "is no socket",
                     "name the one of " + daemon + ", or leave --socket out"};
    if (error == boost::system::errc::no_such_file_or_directory ||
        error == boost::system::errc::connection_refused)
        return Error{Fault::unreachable, daemon, "not running (nobody listens on " + path + ")",
                     "start it: systemctl start " + daemon};
    if (error == boost::system::errc::permission_denied)
        return Error{Fault::denied, path, "permission denied",
                     "run as root, or ask for a place in the group of " + path};
    return Error{Fault::unreachable, daemon, path + ": " + error.message(),
                 "see its log: journalctl -u " + daemon};
}

Failure broken(const error_code& error, const std::string& daemon) {
    if (error == boost::asio::error::timed_out)
        return Error{Fault::timeout, daemon, "no answer in time", "see its log: journalctl -u " + daemon};
    if (error == boost::asio::error::operation_aborted)
        return Error{Fault::failed, daemon, "interrupted", "see what is there now: xvm list"};
    return Error{Fault::unreachable, daemon, "the connection broke: " + error.message(),
                 "see its log: journalctl -u " + daemon};
}

/// What an answer of that status and text comes to.
tl::expected<boost::json::value, Failure> read_answer(unsigned status, std::string_view text,
                                                      const std::string& daemon) {
    error_code error;
    boost::json::value value = boost::json::parse(text, error);
    if (error && status / 100 == 2)
        return refuse(Error{Fault::failed, daemon, "the answer is not JSON: " + error.message(),
                            "see whether it is xvmd that listens there"});
    if (status / 100 == 2) return value;
    if (!error)
        if (auto failure = parse_failure(value)) return refuse(std::move(*failure));
    return refuse(Error{Fault::failed, daemon, "answered with HTTP status " + std::to_string(status),
                        "see its log: journalctl -u " + daemon});
}

void send_request(Local_stream& stream, const Call& call, error_code& error) {
    http::request<http::string_body> request{http::string_to_verb(call.method), call.target, 11};
    request.set(http::field::host, "localhost");
    request.set(http::field::connection, "close");
    if (!call.content_type.empty()) request.set(http::field::content_type, call.content_type);
    request.body() = call.body;
    request.prepare_payload();
    http::write(stream, request, error);
}

/// Pieces of a stream put together to lines.
class Lines {
  public:
    explicit Lines(const std::function<bool(std::string_view)>& take) : take_(take) {}

    /// Whether more is wanted.
    bool add(std::string_view piece) {
        rest_.append(piece);
        std::size_t begin = 0;
        for (std::size_t end = 0; (end = rest_.find('\n', begin)) != std::string::npos; begin = end + 1)
            if (end > begin && !take_(std::string_view(rest_).substr(begin, end - begin))) return false;
        rest_.erase(0, begin);
        return rest_.size() <= line_bytes_max;
    }
    [[nodiscard]] const std::string& rest() const { return rest_; }

  private:
    const std::function<bool(std::string_view)>& take_;
    std::string rest_;
};

} // namespace

tl::expected<boost::json::value, Failure> Http_client::call(const Call& call) const {
    error_code error;
    Unique_fd fd = connect_local(socket_path_, error);
    if (!fd) return refuse(connect_failure(error, daemon_, socket_path_));
    Local_stream stream(std::move(fd), waiting_);
    // A refusal may come before the whole request went out: the answer says more than EPIPE.
    error_code write_error;
    send_request(stream, call, write_error);
    if (write_error == boost::asio::error::operation_aborted) return refuse(broken(write_error, daemon_));

    beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.body_limit(answer_bytes_max);
    http::read(stream, buffer, parser, error);
    if (error) return refuse(broken(write_error ? write_error : error, daemon_));
    return read_answer(parser.get().result_int(), parser.get().body(), daemon_);
}

tl::expected<void, Failure> Http_client::stream(const Call& call,
                                                const std::function<bool(std::string_view)>& take) const {
    error_code error;
    Unique_fd fd = connect_local(socket_path_, error);
    if (!fd) return refuse(connect_failure(error, daemon_, socket_path_));
    Local_stream stream(std::move(fd), waiting_);
    send_request(stream, call, error);
    if (error) return refuse(broken(error, daemon_));

    beast::flat_buffer buffer;
    http::response_parser<http::buffer_body> parser;
    parser.body_limit(boost::none);
    http::read_header(stream, buffer, parser, error);
    const bool refused = !error && parser.get().result_int() / 100 != 2;
    const std::function<bool(std::string_view)> none = [](std::string_view) { return true; };
    Lines lines(refused ? none : take);
    std::string piece(4096, '\0');
    std::string all; // of a refusal
    while (!error && !parser.is_done()) {
        auto& body = parser.get().body();
        body.data = piece.data();
        body.size = piece.size();
        http::read_some(stream, buffer, parser, error);
        if (error == http::error::need_buffer) error = {};
        const std::string_view got(piece.data(), piece.size() - body.size);
        if (refused && all.size() < line_bytes_max) all += got;
        if (!refused && !lines.add(got)) return {};
    }
    if (error == boost::asio::error::eof || error == http::error::partial_message) {
        if (!refused) return {}; // the daemon was stopped
    } else if (error) {
        return refuse(broken(error, daemon_));
    }
    if (!refused) return {};
    return refuse(read_answer(parser.get().result_int(), all, daemon_).error());
}

} // namespace xvm::api
