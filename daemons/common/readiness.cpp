// SPDX-License-Identifier: Apache-2.0
#include "daemons/common/readiness.hpp"

#include "daemons/common/service_manager.hpp"

namespace xvm::daemon {

void tell_ready(const std::string& status_line) {
    notify_service_manager("READY=1\nSTATUS=" + status_line);
}

void tell_stopping() {
    notify_service_manager("STOPPING=1");
}

} // namespace xvm::daemon
