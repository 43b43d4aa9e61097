// SPDX-License-Identifier: Apache-2.0
// Tells systemd how the daemon is (Type=notify). Without systemd, nothing happens.
#pragma once

#include <string>

namespace xvm::daemon {

void tell_ready(const std::string& status_line);
void tell_stopping();

} // namespace xvm::daemon
