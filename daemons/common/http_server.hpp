// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 on Unix sockets, and for a browser on a TCP port of this machine: accepts, limits, hands requests
// to the router.
//
// Runs on the io_context it is given, which must have one thread. Handlers are called on that thread and
// must not block it; a handler with slow work moves its Reply elsewhere and answers from there.
// Invariant: never more than connections_max sessions a socket; one client's silence costs nobody else
// anything, and who may only read cannot keep out who may do more.
#pragma once

#include "daemons/common/router.hpp"
#include "daemons/common/unix_listener.hpp"
#include "daemons/common/web_listener.hpp"

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace xvm::daemon {

struct Http_limits {
    std::size_t connections_max = 64;
    std::size_t header_bytes_max = 16 * 1024;
    std::size_t body_bytes_max = 1024 * 1024;
    std::size_t stream_bytes_max = 256 * 1024; ///< that wait for a client to read; beyond, it is cut off
    std::chrono::milliseconds idle_max = std::chrono::seconds(30);     ///< between requests, and for a header
    std::chrono::milliseconds transfer_max = std::chrono::seconds(30); ///< for a body, and for an answer
};

struct Http_listener {
    Unix_listener socket;
    bool read_only = false; ///< whatever is not GET is refused here
};

/// Who is told of requests, on the context's thread. Either may be empty.
struct Http_observer {
    std::function<void()> began;                                              ///< one was read
    std::function<void(const std::string& method, unsigned status)> answered; ///< not if the client went
};

class Http_server {
  public:
    /// Starts to accept once the context runs. The context outlives every Reply still on its way.
    Http_server(boost::asio::io_context& context, std::vector<Http_listener> listeners, Router router,
                Http_limits limits = {});
    /// One socket, for everything.
    Http_server(boost::asio::io_context& context, Unix_listener listener, Router router,
                Http_limits limits = {});
    Http_server(const Http_server&) = delete;
    Http_server& operator=(const Http_server&) = delete;
    ~Http_server();

    /// Serves a browser, too. To be called before the context runs.
    void also(Web_listener listener);

    /// To be called before the context runs.
    void observe(Http_observer observer);

    /// No new connections; open ones are closed after the answer they are in, streams end now. Returns at
    /// once.
    void stop();

  private:
    struct State;
    std::shared_ptr<State> state_;
};

} // namespace xvm::daemon
