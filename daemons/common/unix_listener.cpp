// SPDX-License-Identifier: Apache-2.0
#include "daemons/common/unix_listener.hpp"

#include "libvmshare/base/file.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

namespace xvm::daemon {
namespace {

constexpr mode_t directory_mode = 0750;
constexpr mode_t socket_mode = 0660;
constexpr int backlog = 64;

std::string holder_of(int lock) {
    std::array<char, 32> text{};
    const ssize_t got = ::pread(lock, text.data(), text.size() - 1, 0);
    std::string pid(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
    while (!pid.empty() && pid.back() == '\n')
        pid.pop_back();
    return pid.empty() ? std::string("unknown pid") : "pid " + pid;
}

Result<Unique_fd> take_lock(const std::string& path, const std::string& daemon) {
    XVM_TRY_LET(Unique_fd lock, open_file(path, O_RDWR | O_CREAT, 0640));
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return fail_errno(errno, path, "lock");
        return fail(Fault::busy, daemon, "already running (" + holder_of(lock.get()) + " holds " + path + ")",
                    "stop that one first, or give another --socket");
    }
    const std::string pid = std::to_string(::getpid()) + "\n";
    if (::ftruncate(lock.get(), 0) != 0) return fail_errno(errno, path, "truncate");
    XVM_TRY(write_exactly(lock.get(), std::as_bytes(std::span(pid)), 0, path));
    return lock;
}

sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

Result<Unique_fd> new_socket(const std::string& path) {
    Unique_fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) return fail_errno(errno, path, "socket");
    return fd;
}

/// Removes a socket nobody answers on. Anything else at the path is left alone.
Status remove_stale(const std::string& path, const std::string& daemon) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0)
        return errno == ENOENT ? Status{} : Status(fail_errno(errno, path, "look at"));
    if (!S_ISSOCK(status.st_mode))
        return fail(Fault::busy, path, "is there and is no socket", "remove it, or give another --socket");
    XVM_TRY_LET(const Unique_fd probe, new_socket(path));
    const sockaddr_un address = address_of(path);
    // EAGAIN: somebody listens and is too busy to accept.
    if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
        errno == EAGAIN)
        return fail(Fault::busy, daemon, "another program answers on " + path,
                    "stop that one first, or give another --socket");
    if (::unlink(path.c_str()) != 0 && errno != ENOENT)
        return fail_errno(errno, path, "remove the old socket");
    return {};
}

} // namespace

Result<Unix_listener> Unix_listener::open(const std::string& path, const std::string& daemon) {
    if (path.empty() || path.front() != '/')
        return fail(Fault::usage, path, "the socket's path is not absolute",
                    "give a path that starts with /");
    if (path.size() >= sizeof(sockaddr_un::sun_path))
        return fail(Fault::usage, path, "too long for a socket's path", "107 bytes are the limit");
    if (const std::string directory = path.substr(0, path.rfind('/')); !directory.empty())
        if (::mkdir(directory.c_str(), directory_mode) != 0 && errno != EEXIST)
            return fail_errno(errno, directory, "make the socket's directory",
                              "make it first, or name another socket with --socket");

    XVM_TRY_LET(Unique_fd lock, take_lock(path + ".lock", daemon));
    XVM_TRY(remove_stale(path, daemon));
    XVM_TRY_LET(Unique_fd socket, new_socket(path));
    const sockaddr_un address = address_of(path);
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return fail_errno(errno, path, "bind");
    // Nobody can connect before listen(), so the mode is right for the first one who can.
    if (::chmod(path.c_str(), socket_mode) != 0) return fail_errno(errno, path, "set the mode of");
    if (::listen(socket.get(), backlog) != 0) return fail_errno(errno, path, "listen");
    return Unix_listener(path, std::move(lock), std::move(socket), true);
}

Result<Unix_listener> Unix_listener::adopt(Unique_fd socket, const std::string& daemon) {
    sockaddr_un address{};
    socklen_t size = sizeof address;
    if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
        return fail_errno(errno, "socket handed over", "look at");
    int listens = 0;
    int type = 0;
    socklen_t length = sizeof listens;
    if (::getsockopt(socket.get(), SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) != 0 ||
        ::getsockopt(socket.get(), SOL_SOCKET, SO_TYPE, &type, &length) != 0)
        return fail_errno(errno, "socket handed over", "look at");
    // The kernel ends the path with a zero byte, which sun_path may lack room for.
    const std::string path(address.sun_path, ::strnlen(address.sun_path, sizeof address.sun_path));
    if (address.sun_family != AF_UNIX || type != SOCK_STREAM || listens == 0 || path.empty())
        return fail(Fault::usage, "socket handed over", "is no Unix stream socket that listens on a path",
                    "see the ListenStream= of the socket unit");
    const int flags = ::fcntl(socket.get(), F_GETFL);
    if (flags < 0 || ::fcntl(socket.get(), F_SETFL, flags | O_NONBLOCK) != 0)
        return fail_errno(errno, path, "set up");
    XVM_TRY_LET(Unique_fd lock, take_lock(path + ".lock", daemon));
    return Unix_listener(path, std::move(lock), std::move(socket), false);
}

Unix_listener::~Unix_listener() {
    if (socket_ && ours_) ::unlink(path_.c_str());
}

} // namespace xvm::daemon
