// SPDX-License-Identifier: Apache-2.0
#include "daemons/common/http_server.hpp"

#include "daemons/common/http_session.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fcntl.h>
#include <spdlog/spdlog.h>

namespace xvm::daemon {
namespace asio = boost::asio;
using asio::local::stream_protocol;

struct Http_server::State {
    State(asio::io_context& context, Unix_listener opened, Router router, Http_limits limits)
        : listener(std::move(opened)),
          // The acceptor closes what it is given, and the listener closes its own.
          acceptor(context, stream_protocol(), ::fcntl(listener.fd(), F_DUPFD_CLOEXEC, 0)),
          shared(std::make_shared<Http_shared>(Http_shared{std::move(router), limits, 0, false})) {}

    Unix_listener listener;
    stream_protocol::acceptor acceptor;
    std::shared_ptr<Http_shared> shared;
};

namespace {

asio::awaitable<void> counted_session(stream_protocol::socket socket, std::shared_ptr<Http_shared> shared) {
    ++shared->connections;
    co_await serve_connection(std::move(socket), shared);
    --shared->connections;
}

asio::awaitable<void> accept_loop(stream_protocol::acceptor& acceptor, std::shared_ptr<Http_shared> shared) {
    const auto executor = acceptor.get_executor();
    while (!shared->stopping) {
        auto [error, socket] = co_await acceptor.async_accept(asio::as_tuple(asio::use_awaitable));
        if (shared->stopping) break;
        if (error) {
            // No descriptor left, most likely: an immediate retry would spin.
            spdlog::warn("accept: {}", error.message());
            asio::steady_timer pause(executor, std::chrono::milliseconds(100));
            co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
            continue;
        }
        if (shared->connections >= shared->limits.connections_max)
            asio::co_spawn(executor, refuse_connection(std::move(socket)), asio::detached);
        else
            asio::co_spawn(executor, counted_session(std::move(socket), shared), asio::detached);
    }
}

} // namespace

Http_server::Http_server(asio::io_context& context, Unix_listener listener, Router router, Http_limits limits)
    : state_(std::make_shared<State>(context, std::move(listener), std::move(router), limits)) {
    // The state lives as long as its loop, so that the acceptor is there when the last accept ends.
    asio::co_spawn(
        context,
        [](std::shared_ptr<State> state) -> asio::awaitable<void> {
            co_await accept_loop(state->acceptor, state->shared);
        }(state_),
        asio::detached);
}

void Http_server::stop() {
    state_->shared->stopping = true;
    boost::system::error_code ignored;
    state_->acceptor.close(ignored);
}

Http_server::~Http_server() {
    stop();
}

} // namespace xvm::daemon
