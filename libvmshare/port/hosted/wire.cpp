// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/hosted/wire.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>

namespace xvm::port::hosted {
namespace {

constexpr std::size_t message_bytes_max = 64U << 20;
constexpr std::size_t message_fds_max = 8;

tl::unexpected<Error> gone() {
    return fail(Fault::unreachable, "hosted machine", "the other side is gone");
}

Status send_all(int socket, const void* data, std::size_t length) {
    const char* at = static_cast<const char*>(data);
    while (length > 0) {
        const ssize_t sent = ::send(socket, at, length, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) return gone();
        at += sent;
        length -= static_cast<std::size_t>(sent);
    }
    return {};
}

Status receive_all(int socket, void* data, std::size_t length) {
    char* at = static_cast<char*>(data);
    while (length > 0) {
        const ssize_t got = ::recv(socket, at, length, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return gone();
        at += got;
        length -= static_cast<std::size_t>(got);
    }
    return {};
}

using Control = std::array<char, CMSG_SPACE(sizeof(int) * message_fds_max)>;

/// The length travels with the descriptors: they belong to its first byte.
Status send_head(int socket, std::uint32_t length, const Fds& fds) {
    iovec part{&length, sizeof length};
    msghdr head{};
    head.msg_iov = &part;
    head.msg_iovlen = 1;
    alignas(cmsghdr) Control control{};
    if (!fds.empty()) {
        head.msg_control = control.data();
        head.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
        cmsghdr* rights = CMSG_FIRSTHDR(&head);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
        for (std::size_t i = 0; i < fds.size(); ++i) {
            const int fd = fds[i].get();
            std::memcpy(CMSG_DATA(rights) + i * sizeof(int), &fd, sizeof fd);
        }
    }
    ssize_t sent = 0;
    do
        sent = ::sendmsg(socket, &head, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == sizeof length ? Status() : gone();
}

Result<std::uint32_t> receive_head(int socket, Fds& fds) {
    std::uint32_t length = 0;
    iovec part{&length, sizeof length};
    alignas(cmsghdr) Control control{};
    msghdr head{};
    head.msg_iov = &part;
    head.msg_iovlen = 1;
    head.msg_control = control.data();
    head.msg_controllen = control.size();
    ssize_t got = 0;
    do
        got = ::recvmsg(socket, &head, MSG_CMSG_CLOEXEC | MSG_WAITALL);
    while (got < 0 && errno == EINTR);
    for (cmsghdr* one = CMSG_FIRSTHDR(&head); got > 0 && one != nullptr; one = CMSG_NXTHDR(&head, one)) {
        if (one->cmsg_level != SOL_SOCKET || one->cmsg_type != SCM_RIGHTS) continue;
        for (std::size_t i = 0; CMSG_LEN((i + 1) * sizeof(int)) <= one->cmsg_len; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(one) + i * sizeof(int), sizeof fd);
            fds.emplace_back(fd);
        }
    }
    if (got != sizeof length) return gone();
    return length;
}

Result<sockaddr_un> address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        return fail(Fault::usage, path, "too long for a socket's path");
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return address;
}

} // namespace

Status send_message(int socket, const Message& message) {
    const std::string text = boost::json::serialize(message.body);
    XVM_TRY(send_head(socket, static_cast<std::uint32_t>(text.size()), message.fds));
    return send_all(socket, text.data(), text.size());
}

Result<Message> receive_message(int socket) {
    Message message;
    XVM_TRY_LET(const std::uint32_t length, receive_head(socket, message.fds));
    if (length > message_bytes_max)
        return fail(Fault::failed, "hosted machine", "a message beyond all bounds");
    std::string text(length, '\0');
    XVM_TRY(receive_all(socket, text.data(), text.size()));
    boost::json::parse_options options;
    options.allow_invalid_utf8 = true; // a store value is bytes
    boost::json::error_code error;
    message.body = boost::json::parse(text, error, {}, options);
    if (error) return fail(Fault::failed, "hosted machine", "a message that is no JSON: " + error.message());
    return message;
}

Result<Unique_fd> listen_at(const std::string& path) {
    XVM_TRY_LET(const sockaddr_un address, address_of(path));
    Unique_fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket) return fail_errno(errno, path, "socket");
    ::unlink(path.c_str());
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(socket.get(), SOMAXCONN) != 0)
        return fail_errno(errno, path, "listening");
    return socket;
}

Result<Unique_fd> connect_to(const std::string& path) {
    XVM_TRY_LET(const sockaddr_un address, address_of(path));
    Unique_fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket) return fail_errno(errno, path, "socket");
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return fail(Fault::unreachable, path, std::string("connecting: ") + std::strerror(errno),
                    "start xvm-hostedd");
    return socket;
}

} // namespace xvm::port::hosted
