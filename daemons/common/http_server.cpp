// SPDX-License-Identifier: Apache-2.0
#include "daemons/common/http_server.hpp"

#include "daemons/common/exchange.hpp"
#include "daemons/common/http_session.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <fcntl.h>
#include <spdlog/spdlog.h>

namespace xvm::daemon {
namespace asio = boost::asio;
using asio::local::stream_protocol;

struct Http_server::State {
    struct Door {
        Door(asio::io_context& context, Http_listener opened)
            : listener(std::move(opened.socket)), access{opened.read_only, {}},
              // The acceptor closes what it is given, and the listener closes its own.
              acceptor(context, stream_protocol(), ::fcntl(listener->fd(), F_DUPFD_CLOEXEC, 0)) {}
        Door(asio::io_context& context, Web_listener opened)
            : access{false, Web_gate(opened.port, opened.token)},
              acceptor(context, stream_protocol(), opened.socket.release()) {}

        std::optional<Unix_listener> listener; ///< none of a port
        Http_access access;
        stream_protocol::acceptor acceptor;
        std::size_t connections = 0;
    };

    State(asio::io_context& runs, Http_shared opened)
        : context(runs), shared(std::make_shared<Http_shared>(std::move(opened))) {}

    asio::io_context& context;
    std::deque<Door> doors; ///< never moved
    std::shared_ptr<Http_shared> shared;

    static asio::awaitable<void> session(std::shared_ptr<State> state, Door& door,
                                         stream_protocol::socket socket) {
        ++door.connections;
        co_await serve_connection(std::move(socket), state->shared, door.access);
        --door.connections;
    }

    /// The state lives as long as its loops, so that the acceptor is there when the last accept ends.
    static asio::awaitable<void> accept_loop(std::shared_ptr<State> state, Door& door) {
        const auto executor = door.acceptor.get_executor();
        const Http_shared& shared = *state->shared;
        while (!shared.stopping) {
            auto [error, socket] = co_await door.acceptor.async_accept(asio::as_tuple(asio::use_awaitable));
            if (shared.stopping) break;
            if (error) {
                // No descriptor left, most likely: an immediate retry would spin.
                spdlog::warn("accept: {}", error.message());
                asio::steady_timer pause(executor, std::chrono::milliseconds(100));
                co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
                continue;
            }
            if (door.connections >= shared.limits.connections_max)
                asio::co_spawn(executor, refuse_connection(std::move(socket)), asio::detached);
            else
                asio::co_spawn(executor, session(state, door, std::move(socket)), asio::detached);
        }
    }
};

Http_server::Http_server(asio::io_context& context, std::vector<Http_listener> listeners, Router router,
                         Http_limits limits)
    : state_(std::make_shared<State>(context, Http_shared{std::move(router), limits, {}, {}, false})) {
    for (Http_listener& listener : listeners) {
        State::Door& door = state_->doors.emplace_back(context, std::move(listener));
        asio::co_spawn(context, State::accept_loop(state_, door), asio::detached);
    }
}

namespace {

std::vector<Http_listener> only(Unix_listener listener) {
    std::vector<Http_listener> listeners;
    listeners.push_back({std::move(listener), false});
    return listeners;
}

} // namespace

Http_server::Http_server(asio::io_context& context, Unix_listener listener, Router router, Http_limits limits)
    : Http_server(context, only(std::move(listener)), std::move(router), limits) {}

void Http_server::also(Web_listener listener) {
    State::Door& door = state_->doors.emplace_back(state_->context, std::move(listener));
    asio::co_spawn(state_->context, State::accept_loop(state_, door), asio::detached);
}

void Http_server::observe(Http_observer observer) {
    state_->shared->observer = std::move(observer);
}

void Http_server::stop() {
    state_->shared->stopping = true;
    boost::system::error_code ignored;
    for (State::Door& door : state_->doors)
        door.acceptor.close(ignored);
    for (Exchange* exchange : state_->shared->at_work)
        exchange->poke();
}

Http_server::~Http_server() {
    stop();
}

} // namespace xvm::daemon
