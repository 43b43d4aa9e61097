// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvmd/sockets.hpp"

#include "daemons/common/handed_sockets.hpp"

#include <spdlog/spdlog.h>

namespace xvm::xvmd {
using daemon::Unix_listener;

Result<std::vector<daemon::Http_listener>> open_sockets(const Options& options) {
    XVM_TRY_LET(auto handed, daemon::Handed_sockets::take());
    std::vector<daemon::Http_listener> listeners;
    auto main = handed.release("xvmd");
    XVM_TRY_LET(auto listener, main ? Unix_listener::adopt(std::move(*main), "xvmd")
                                    : Unix_listener::open(options.socket, "xvmd"));
    listeners.push_back({std::move(listener), false});
    auto reading = handed.release("xvmd-ro");
    if (reading || !options.read_only_socket.empty()) {
        XVM_TRY_LET(auto second, reading ? Unix_listener::adopt(std::move(*reading), "xvmd")
                                         : Unix_listener::open(options.read_only_socket, "xvmd"));
        listeners.push_back({std::move(second), true});
    }
    if (const std::string name = handed.left_over(); !name.empty())
        spdlog::warn("a socket handed over as '{}' is not used; xvmd knows 'xvmd' and 'xvmd-ro'", name);
    return listeners;
}

} // namespace xvm::xvmd
