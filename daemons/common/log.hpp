// SPDX-License-Identifier: Apache-2.0
// The daemons' log: one line an event on standard error, where systemd's journal takes it from. Under the
// journal (JOURNAL_STREAM is set) lines carry a priority prefix and no time of their own.
#pragma once

#include "libvmshare/base/result.hpp"

#include <string>

namespace xvm::daemon {

/// Level: trace, debug, info, warn, error. usage: no such level. Call once, before any thread starts.
[[nodiscard]] Status set_up_log(const std::string& program, const std::string& level);

} // namespace xvm::daemon
