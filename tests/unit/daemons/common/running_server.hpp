// SPDX-License-Identifier: Apache-2.0
// A server with a main and a read-only socket, on a thread of its own.
#pragma once

#include "daemons/common/http_server.hpp"
#include "tests/unit/daemons/common/scratch.hpp"
#include "toolstack/api/http_client.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch.hpp>
#include <thread>

namespace xvm::tests {

class Running_server {
  public:
    explicit Running_server(daemon::Router router, daemon::Http_limits limits = {},
                            daemon::Http_observer observer = {}) {
        std::vector<daemon::Http_listener> listeners;
        for (const bool read_only : {false, true}) {
            auto listener = daemon::Unix_listener::open(read_only ? read_only_path() : path(), "testd");
            REQUIRE(listener);
            listeners.push_back({std::move(*listener), read_only});
        }
        server_ =
            std::make_unique<daemon::Http_server>(context_, std::move(listeners), std::move(router), limits);
        server_->observe(std::move(observer));
        thread_ = std::thread([this] { context_.run(); });
    }
    Running_server(const Running_server&) = delete;
    Running_server& operator=(const Running_server&) = delete;
    ~Running_server() {
        boost::asio::post(context_, [this] {
            server_->stop();
            context_.stop();
        });
        thread_.join();
    }

    [[nodiscard]] std::string path() const { return scratch_ / "d.sock"; }
    [[nodiscard]] std::string read_only_path() const { return scratch_ / "d-ro.sock"; }

    [[nodiscard]] auto call(const api::Call& call) const {
        return api::Http_client(path(), "testd").call(call);
    }

    /// Sends bytes as they are and reads until the server closes.
    [[nodiscard]] static std::string raw(const std::string& socket_path, const std::string& bytes) {
        boost::asio::io_context context;
        boost::asio::local::stream_protocol::socket socket(context);
        socket.connect(socket_path);
        boost::system::error_code ignored;
        boost::asio::write(socket, boost::asio::buffer(bytes), ignored);
        std::string answer;
        boost::asio::read(socket, boost::asio::dynamic_buffer(answer), ignored);
        return answer;
    }
    [[nodiscard]] std::string raw(const std::string& bytes) const { return raw(path(), bytes); }

  private:
    Scratch scratch_;
    boost::asio::io_context context_;
    std::unique_ptr<daemon::Http_server> server_;
    std::thread thread_;
};

} // namespace xvm::tests
