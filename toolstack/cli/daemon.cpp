// SPDX-License-Identifier: Apache-2.0
#include "toolstack/cli/daemon.hpp"

#include "toolstack/cli/ongoing.hpp"

#include <cerrno>
#include <unistd.h>

namespace xvm::cli {
namespace {

constexpr const char* read_only_socket = "/run/xvm/xvmd-ro.sock";

/// Who may only look has a socket of his own.
std::string socket_of(const Arguments& arguments) {
    std::string path = arguments.text("socket");
    const bool may_choose = arguments.given("socket") == nullptr && !arguments.verb().mutating;
    if (may_choose && ::access(path.c_str(), W_OK) != 0 && errno == EACCES &&
        ::access(read_only_socket, W_OK) == 0)
        path = read_only_socket;
    return path;
}

} // namespace

api::Http_client client_of(const Arguments& arguments, api::Waiting waiting) {
    return api::Http_client(socket_of(arguments), "xvmd", std::move(waiting));
}

tl::expected<boost::json::value, api::Failure> ask(const Arguments& arguments, const api::Call& call) {
    if (arguments.verb().mutating) return ask_for_change(arguments, call);
    api::Waiting waiting;
    // "wait": xvmd knows how long.
    for (const model::Parameter& one : arguments.verb().parameters)
        if (one.name == "timeout") waiting.silence_max = api::wait_for_ever;
    return client_of(arguments, std::move(waiting)).call(call);
}

} // namespace xvm::cli
