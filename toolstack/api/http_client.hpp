// SPDX-License-Identifier: Apache-2.0
// A blocking HTTP/1.1 client of a daemon on this machine: one request, one connection.
//
// Invariant: what call() returns as a value came with a 2xx status and is JSON; everything else, the
// daemon's own refusals among it, is a Failure.
#pragma once

#include "toolstack/api/error_json.hpp"
#include "toolstack/api/waiting.hpp"

#include <boost/json/value.hpp>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace xvm::api {

struct Call {
    std::string method = "GET";
    std::string target;       ///< from target()
    std::string body;         ///< at most 1 MiB is accepted by the daemons
    std::string content_type; ///< of the body
};

class Http_client {
  public:
    /// `daemon` is the name for messages: "xvmd".
    Http_client(std::string socket_path, std::string daemon, Waiting waiting = {})
        : socket_path_(std::move(socket_path)), daemon_(std::move(daemon)), waiting_(std::move(waiting)) {}
    Http_client(std::string socket_path, std::string daemon, std::chrono::milliseconds silence_max)
        : Http_client(std::move(socket_path), std::move(daemon), Waiting{silence_max, -1, {}, {}, {}}) {}

    /// unreachable: nobody listens; timeout: no answer; denied: the socket may not be used; failed with the
    /// cause "interrupted": `Waiting::interrupted` ended it.
    [[nodiscard]] tl::expected<boost::json::value, Failure> call(const Call& call) const;

    /// An answer that goes on: `take` gets each line (without its end) as it comes, and says whether it
    /// wants more. Ends well when the daemon ends it or `take` wants no more.
    [[nodiscard]] tl::expected<void, Failure> stream(const Call& call,
                                                     const std::function<bool(std::string_view)>& take) const;

  private:
    std::string socket_path_;
    std::string daemon_;
    Waiting waiting_;
};

} // namespace xvm::api
