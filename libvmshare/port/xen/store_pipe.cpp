// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/xen/store_pipe.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>

extern "C" {
#include <xen/io/xs_wire.h> // after cerrno: its table of errors
#include <xenstore.h>
}

namespace xvm::port::xen {
namespace {

tl::unexpected<Error> broken(const std::string& why) {
    return fail(Fault::unreachable, "store", "the connection to xenstored broke: " + why,
                "is xenstored running?");
}

int error_of(const std::string& name) {
    for (const auto& known : xsd_errors)
        if (name.compare(0, name.find('\0'), known.errstring) == 0) return known.errnum;
    return EINVAL;
}

} // namespace

Status Store_pipe::connect() {
    if (fd_) return {};
    reset();
    const std::string path = xs_daemon_socket();
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return broken(path + " is too long for a socket's path");
    std::memcpy(address.sun_path, path.data(), path.size());
    Unique_fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd) return fail_errno(errno, path, "socket");
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        Error error = fail_errno(errno, path, "connecting to xenstored", "start xenstored").value();
        error.fault = error.fault == Fault::denied ? Fault::denied : Fault::unreachable;
        return tl::unexpected<Error>(std::move(error));
    }
    fd_ = std::move(fd);
    return {};
}

void Store_pipe::reset() {
    fd_.reset();
    sent_ = collected_ = 0;
    in_.clear();
    taken_ = 0;
}

Status Store_pipe::send(std::span<const Store_request* const> requests) {
    XVM_TRY(connect());
    std::string out;
    for (const Store_request* const request : requests) {
        if (request->payload.size() > XENSTORE_PAYLOAD_MAX)
            return fail(Fault::exhausted, "store", "a request is longer than xenstored takes");
        const xsd_sockmsg header{request->type, sent_++, 0,
                                 static_cast<std::uint32_t>(request->payload.size())};
        out.append(reinterpret_cast<const char*>(&header), sizeof header);
        out += request->payload;
    }
    for (std::size_t done = 0; done < out.size();) {
        const ssize_t now = ::send(fd_.get(), out.data() + done, out.size() - done, MSG_NOSIGNAL);
        if (now < 0 && errno == EINTR) continue;
        if (now <= 0) return broken(std::strerror(errno));
        done += static_cast<std::size_t>(now);
    }
    return {};
}

/// Until `bytes` not yet taken are there.
Status Store_pipe::fill(std::size_t bytes) {
    while (in_.size() - taken_ < bytes) {
        in_.erase(0, taken_);
        taken_ = 0;
        std::array<char, 4096> chunk; // written by recv()
        const ssize_t now = ::recv(fd_.get(), chunk.data(), chunk.size(), 0);
        if (now < 0 && errno == EINTR) continue;
        if (now < 0) return broken(std::strerror(errno));
        if (now == 0) return broken("it closed it");
        in_.append(chunk.data(), static_cast<std::size_t>(now));
    }
    return {};
}

Result<Store_answer> Store_pipe::collect(std::uint32_t type) {
    xsd_sockmsg header{};
    XVM_TRY(fill(sizeof header));
    std::memcpy(&header, in_.data() + taken_, sizeof header);
    taken_ += sizeof header;
    if (header.req_id != collected_++ || header.len > XENSTORE_PAYLOAD_MAX ||
        (header.type != type && header.type != XS_ERROR))
        return broken("an answer is not to what was asked");
    XVM_TRY(fill(header.len));
    Store_answer answer;
    answer.payload.assign(in_, taken_, header.len);
    taken_ += header.len;
    if (header.type == XS_ERROR) answer.error_number = error_of(answer.payload);
    return answer;
}

} // namespace xvm::port::xen
