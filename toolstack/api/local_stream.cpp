// SPDX-License-Identifier: Apache-2.0
#include "toolstack/api/local_stream.hpp"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <sys/un.h>

namespace xvm::api {
namespace {

using boost::system::error_code;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

error_code last_error() {
    return {errno, boost::system::system_category()};
}

/// poll()'s timeout until the next thing to do.
int poll_ms(milliseconds silence_left, milliseconds tick) {
    const milliseconds next = tick.count() > 0 ? std::min(silence_left, tick) : silence_left;
    return next == wait_for_ever ? -1 : static_cast<int>(std::min<std::int64_t>(next.count(), 1'000'000'000));
}

} // namespace

Unique_fd connect_local(const std::string& path, error_code& error) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof(address.sun_path)) {
        error = boost::system::errc::make_error_code(boost::system::errc::filename_too_long);
        return {};
    }
    std::memcpy(address.sun_path, path.data(), path.size());
    Unique_fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    // Connecting waits only when the daemon's backlog is full. Afterwards poll() bounds every wait.
    if (!fd || ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        error = last_error();
        return {};
    }
    return fd;
}

error_code Local_stream::wait(short events) const {
    const auto began = steady_clock::now();
    pollfd watched[2]{{fd_.get(), events, 0}, {waiting_.interrupt_fd, POLLIN, 0}};
    for (;;) {
        milliseconds left = waiting_.silence_max;
        if (left != wait_for_ever) {
            left -= std::chrono::duration_cast<milliseconds>(steady_clock::now() - began);
            if (left.count() <= 0) return boost::asio::error::timed_out;
        }
        const int ready = ::poll(watched, 2, poll_ms(left, waiting_.tick));
        if (ready < 0 && errno != EINTR) return last_error();
        if (ready > 0 && watched[0].revents != 0) return {};
        if (ready > 0 && watched[1].revents != 0 && !waiting_.interrupted())
            return boost::asio::error::operation_aborted;
        if (ready == 0 && waiting_.ticked) waiting_.ticked();
    }
}

std::size_t Local_stream::receive(void* data, std::size_t size, error_code& error) {
    for (;;) {
        if (error = wait(POLLIN); error) return 0;
        const ssize_t got = ::recv(fd_.get(), data, size, MSG_DONTWAIT);
        if (got > 0) return static_cast<std::size_t>(got);
        if (got == 0) {
            error = boost::asio::error::eof;
            return 0;
        }
        if (errno != EAGAIN && errno != EINTR) {
            error = last_error();
            return 0;
        }
    }
}

std::size_t Local_stream::send(std::span<const iovec> pieces, error_code& error) {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(pieces.data());
    message.msg_iovlen = pieces.size();
    for (;;) {
        const ssize_t sent = ::sendmsg(fd_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent >= 0) {
            error = {};
            return static_cast<std::size_t>(sent);
        }
        if (errno != EAGAIN && errno != EINTR) {
            error = last_error();
            return 0;
        }
        if (error = wait(POLLOUT); error) return 0;
    }
}

} // namespace xvm::api
