// SPDX-License-Identifier: Apache-2.0
// What the service gives up before it takes its first request.
//
// Invariant: afterwards it cannot start a program or a process, open a socket, or signal or trace anybody; it
// has no capability, and where Landlock is there no file but those of its directory. There is no way back.
#pragma once

#include "libvmshare/base/result.hpp"

#include <string>
#include <vector>

namespace xvm::service {

/// Of the whole process; to be called before it has a second thread. What holds: "capabilities", "files",
/// "system calls", "memory". All but "files" (a kernel without Landlock) and "memory" (who may not set
/// limits) are required: without them it is an Error.
[[nodiscard]] Result<std::vector<std::string>> confine(const std::string& directory);

} // namespace xvm::service
