// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/xen/store_pipe.hpp"

#include <algorithm>
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
    in_.clear();
    taken_ = 0;
    return {};
}

Status Store_pipe::send(std::span<const Request> requests) {
    std::string out;
    std::uint32_t id = 0;
    for (const Request& request : requests) {
        if (request.payload.size() > XENSTORE_PAYLOAD_MAX)
            return fail(Fault::usage, "store", "a request is longer than xenstored takes");
        const xsd_sockmsg header{request.type, id++, 0, static_cast<std::uint32_t>(request.payload.size())};
        out.append(reinterpret_cast<const char*>(&header), sizeof header);
        out += request.payload;
    }
    for (std::size_t sent = 0; sent < out.size();) {
        const ssize_t now = ::send(fd_.get(), out.data() + sent, out.size() - sent, MSG_NOSIGNAL);
        if (now < 0 && errno == EINTR) continue;
        if (now <= 0) return broken(std::strerror(errno));
        sent += static_cast<std::size_t>(now);
    }
    return {};
}

/// Until `bytes` not yet taken are there.
Status Store_pipe::fill(std::size_t bytes) {
    while (in_.size() - taken_ < bytes) {
        in_.erase(0, taken_);
        taken_ = 0;
        char chunk[4096];
        const ssize_t now = ::recv(fd_.get(), chunk, sizeof chunk, 0);
        if (now < 0 && errno == EINTR) continue;
        if (now < 0) return broken(std::strerror(errno));
        if (now == 0) return broken("it closed it");
        in_.append(chunk, static_cast<std::size_t>(now));
    }
    return {};
}

Result<Store_pipe::Answer> Store_pipe::take_answer(std::uint32_t request_id, std::uint32_t type) {
    xsd_sockmsg header{};
    XVM_TRY(fill(sizeof header));
    std::memcpy(&header, in_.data() + taken_, sizeof header);
    taken_ += sizeof header;
    if (header.req_id != request_id || header.len > XENSTORE_PAYLOAD_MAX ||
        (header.type != type && header.type != XS_ERROR))
        return broken("an answer is not to what was asked");
    XVM_TRY(fill(header.len));
    Answer answer;
    answer.payload.assign(in_, taken_, header.len);
    taken_ += header.len;
    if (header.type == XS_ERROR) answer.error_number = error_of(answer.payload);
    return answer;
}

Result<std::vector<Store_pipe::Answer>> Store_pipe::ask(std::span<const Request> requests) {
    XVM_TRY(connect());
    std::vector<Answer> answers;
    answers.reserve(requests.size());
    const auto exchange = [&](std::span<const Request> part) -> Status {
        XVM_TRY(send(part));
        std::uint32_t id = 0;
        for (const Request& request : part) {
            XVM_TRY_LET(Answer answer, take_answer(id++, request.type));
            answers.push_back(std::move(answer));
        }
        return {};
    };
    for (std::size_t begin = 0; begin < requests.size(); begin += in_flight_max) {
        const auto part = requests.subspan(begin, std::min(in_flight_max, requests.size() - begin));
        if (Status exchanged = exchange(part); !exchanged) {
            fd_.reset();
            return tl::unexpected<Error>(std::move(exchanged.error()));
        }
    }
    return answers;
}

} // namespace xvm::port::xen
