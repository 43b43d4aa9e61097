// SPDX-License-Identifier: Apache-2.0
// A Host for other processes: a thread for each connection, a connection for each process.
// Invariant: a connection that breaks, however it does, is the death of that process and of nothing else.
#pragma once

#include "libvmshare/port/hosted/host.hpp"

#include <list>
#include <string>
#include <thread>

namespace xvm::port::hosted {

class Server {
  public:
    /// Listens at `path` and serves until it is destroyed.
    [[nodiscard]] static Result<std::unique_ptr<Server>> start(std::shared_ptr<Host> host,
                                                               const std::string& path);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

  private:
    struct Connection {
        Unique_fd socket;
        std::thread thread;
        bool done = false;
    };

    Server(std::shared_ptr<Host> host, std::string path, Unique_fd listener);
    void accept_all();
    void serve(Connection& connection);
    void join_done();

    std::shared_ptr<Host> host_;
    std::string path_;
    Unique_fd listener_;
    std::mutex mutex_; ///< guards connections_
    std::list<Connection> connections_;
    std::thread acceptor_;
};

} // namespace xvm::port::hosted
