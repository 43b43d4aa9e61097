// SPDX-License-Identifier: Apache-2.0
// Joins this process's terminal to another one.
#pragma once

#include "libvmshare/base/result.hpp"

#include <string>

namespace xvm::cli {

enum class Console_end { left, guest_gone };

/// Copies `in` to the pseudo-terminal at `path` and what comes back to `out`, until Ctrl-] is typed or the
/// other side goes. An `in` that is a terminal is raw meanwhile, and as it was afterwards, also after
/// SIGTERM or SIGHUP; one that is none may end, and output still flows.
[[nodiscard]] Result<Console_end> join_terminal(const std::string& path, int in, int out);

} // namespace xvm::cli
