// SPDX-License-Identifier: Apache-2.0
// A blocking HTTP/1.1 client of a daemon on this machine: one request, one connection.
//
// Invariant: what call() returns as a value came with a 2xx status and is JSON; everything else, the
// daemon's own refusals among it, is a Failure.
#pragma once

#include "toolstack/api/error_json.hpp"

#include <boost/json/value.hpp>
#include <chrono>
#include <string>

namespace xvm::api {

struct Call {
    std::string method = "GET";
    std::string target;       ///< from target()
    std::string body;         ///< at most 1 MiB is accepted by the daemons
    std::string content_type; ///< of the body
};

class Http_client {
  public:
    /// `daemon` is the name for messages: "xvmd". Creating a guest takes seconds, so the time limit is
    /// for silence, not for the operation as a whole.
    Http_client(std::string socket_path, std::string daemon,
                std::chrono::milliseconds silence_max = std::chrono::minutes(5));

    /// unreachable: nobody listens; timeout: no answer; denied: the socket may not be used.
    [[nodiscard]] tl::expected<boost::json::value, Failure> call(const Call& call) const;

  private:
    std::string socket_path_;
    std::string daemon_;
    std::chrono::milliseconds silence_max_;
};

} // namespace xvm::api
