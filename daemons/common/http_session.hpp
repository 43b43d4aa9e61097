// SPDX-License-Identifier: Apache-2.0
// One connection: reads requests, one after the other, and writes their answers. Internal to the server.
#pragma once

#include "daemons/common/http_server.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <optional>
#include <set>

namespace xvm::daemon {

class Exchange;

/// What the sessions share. Touched by the context's thread only.
struct Http_shared {
    Router router;
    Http_limits limits;
    Http_observer observer;
    std::set<Exchange*> at_work; ///< requests without an answer, or with one that goes on
    bool stopping = false;

    void tell_began() const {
        if (observer.began) observer.began();
    }
    void tell_answered(const std::string& method, unsigned status) const {
        if (observer.answered) observer.answered(method, status);
    }
};

/// What a door lets in.
struct Http_access {
    bool read_only = false;       ///< whatever is not GET is refused
    std::optional<Web_gate> gate; ///< it asks each request first
};

/// Ends when the client goes, breaks a limit, or the server stops. Throws nothing. The socket may be one of
/// TCP: nothing here asks for an address.
boost::asio::awaitable<void> serve_connection(boost::asio::local::stream_protocol::socket socket,
                                              std::shared_ptr<Http_shared> shared, Http_access access);

/// Answers 503 and closes: for a connection too many.
boost::asio::awaitable<void> refuse_connection(boost::asio::local::stream_protocol::socket socket);

} // namespace xvm::daemon
