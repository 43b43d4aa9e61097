// SPDX-License-Identifier: Apache-2.0
// A connected Unix socket as Beast's synchronous calls want a stream. Internal to the client.
//
// Plain system calls instead of an io_context: the command makes one call and ends, and an epoll set, its
// timer and their pages would be most of what it costs.
// Invariant: no wait is longer than the silence allowed, unless the one who waits says to go on.
#pragma once

#include "libvmshare/base/unique_fd.hpp"
#include "toolstack/api/waiting.hpp"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/error.hpp>
#include <span>
#include <sys/socket.h>

namespace xvm::api {

class Local_stream {
  public:
    Local_stream(Unique_fd fd, const Waiting& waiting) : fd_(std::move(fd)), waiting_(waiting) {}

    template <class Buffers>
    std::size_t read_some(const Buffers& buffers, boost::system::error_code& error) {
        for (auto it = boost::asio::buffer_sequence_begin(buffers);
             it != boost::asio::buffer_sequence_end(buffers); ++it) {
            const boost::asio::mutable_buffer buffer(*it);
            if (buffer.size() > 0) return receive(buffer.data(), buffer.size(), error);
        }
        return 0;
    }
    template <class Buffers>
    std::size_t write_some(const Buffers& buffers, boost::system::error_code& error) {
        std::array<iovec, 16> pieces{};
        std::size_t count = 0;
        for (auto it = boost::asio::buffer_sequence_begin(buffers);
             it != boost::asio::buffer_sequence_end(buffers) && count < pieces.size(); ++it) {
            const boost::asio::const_buffer buffer(*it);
            if (buffer.size() > 0) pieces[count++] = {const_cast<void*>(buffer.data()), buffer.size()};
        }
        return count > 0 ? send({pieces.data(), count}, error) : 0;
    }
    // Beast wants these to exist; nobody calls them.
    template <class Buffers>
    std::size_t read_some(const Buffers& buffers) {
        return checked([&](auto& error) { return read_some(buffers, error); });
    }
    template <class Buffers>
    std::size_t write_some(const Buffers& buffers) {
        return checked([&](auto& error) { return write_some(buffers, error); });
    }

  private:
    template <class Call>
    std::size_t checked(const Call& call) {
        boost::system::error_code error;
        const std::size_t count = call(error);
        if (error) throw boost::system::system_error(error);
        return count;
    }
    std::size_t receive(void* data, std::size_t size, boost::system::error_code& error);
    std::size_t send(std::span<const iovec> pieces, boost::system::error_code& error);
    [[nodiscard]] boost::system::error_code wait(short events) const;

    Unique_fd fd_;
    const Waiting& waiting_;
};

/// Connects; the error is that of the system call.
[[nodiscard]] Unique_fd connect_local(const std::string& path, boost::system::error_code& error);

} // namespace xvm::api
