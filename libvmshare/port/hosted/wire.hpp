// SPDX-License-Identifier: Apache-2.0
// Messages over a Unix stream socket: a length, that many bytes of JSON, and descriptors beside them.
// Invariant: a message comes whole or not at all; unreachable means the other side is gone.
#pragma once

#include "libvmshare/port/hosted/codec.hpp"

#include <string>

namespace xvm::port::hosted {

struct Message {
    boost::json::value body;
    Fds fds;
};

[[nodiscard]] Status send_message(int socket, const Message& message);
[[nodiscard]] Result<Message> receive_message(int socket);

/// A listening socket at `path`; what lay there before goes.
[[nodiscard]] Result<Unique_fd> listen_at(const std::string& path);
[[nodiscard]] Result<Unique_fd> connect_to(const std::string& path);

} // namespace xvm::port::hosted
