// SPDX-License-Identifier: Apache-2.0
// xvmd's listening sockets: handed over by the service manager (names "xvmd" and "xvmd-ro"), or its own.
#pragma once

#include "daemons/common/http_server.hpp"
#include "daemons/xvmd/options.hpp"

namespace xvm::xvmd {

/// The main socket, locked, and the read-only one if there is to be one. To be called before any thread
/// starts. busy: another xvmd serves one of them.
[[nodiscard]] Result<std::vector<daemon::Http_listener>> open_sockets(const Options& options);

} // namespace xvm::xvmd
