// SPDX-License-Identifier: Apache-2.0
#include "daemons/common/web_listener.hpp"

#include "libvmshare/base/file.hpp"
#include "libvmshare/base/ids.hpp"

#include <algorithm>
#include <cerrno>
#include <netinet/in.h>
#include <sys/socket.h>

namespace xvm::daemon {
namespace {

constexpr int backlog = 16;
constexpr std::string_view bearer = "Bearer ";

tl::unexpected<Error> deny(const char* what, const char* remedy) {
    return fail(Fault::denied, "request", what, remedy);
}

/// Takes the same time wherever they differ.
bool same_secret(std::string_view one, std::string_view other) {
    if (one.size() != other.size()) return false;
    unsigned char differ = 0;
    for (std::size_t i = 0; i < one.size(); ++i)
        differ = static_cast<unsigned char>(differ | (one[i] ^ other[i]));
    return differ == 0;
}

std::string new_token() {
    std::string token = Uuid::random().text() + Uuid::random().text();
    token.erase(std::remove(token.begin(), token.end(), '-'), token.end());
    return token;
}

} // namespace

bool Web_gate::is_us(std::string_view host) const {
    return host == "127.0.0.1:" + port_ || host == "localhost:" + port_;
}

Status Web_gate::check(const Web_request& request) const {
    if (!is_us(request.host)) return deny("names another host", "open the address that xvmd tells");
    if (!request.origin.empty()) {
        constexpr std::string_view scheme = "http://";
        if (!request.origin.starts_with(scheme) || !is_us(request.origin.substr(scheme.size())))
            return deny("comes from another page", "open the address that xvmd tells");
    }
    if (request.target == "/") return {};
    if (!request.authorization.starts_with(bearer) ||
        !same_secret(request.authorization.substr(bearer.size()), token_))
        return deny("shows no token, or a wrong one", "open the page with #TOKEN; xvmd(8) says where it is");
    return {};
}

Result<Web_listener> Web_listener::open(std::uint16_t port, const std::string& token_file) {
    const std::string name = "127.0.0.1:" + std::to_string(port);
    Web_listener made;
    made.socket.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!made.socket) return fail_errno(errno, name, "cannot listen");
    const int on = 1;
    ::setsockopt(made.socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(made.socket.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
        ::listen(made.socket.get(), backlog) != 0 ||
        ::getsockname(made.socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
        return fail_errno(errno, name, "cannot listen", "is another program there? Choose another --web");
    made.port = ntohs(address.sin_port);
    made.token = new_token();
    XVM_TRY(replace_file(token_file, made.token + "\n", Durable::no));
    return made;
}

} // namespace xvm::daemon
