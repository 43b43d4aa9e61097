// SPDX-License-Identifier: Apache-2.0
#include "daemons/common/readiness.hpp"

#if XVM_HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

namespace xvm::daemon {
namespace {

void tell([[maybe_unused]] const std::string& state) {
#if XVM_HAVE_SYSTEMD
    ::sd_notify(0, state.c_str());
#endif
}

} // namespace

void tell_ready(const std::string& status_line) {
    tell("READY=1\nSTATUS=" + status_line);
}

void tell_stopping() {
    tell("STOPPING=1");
}

} // namespace xvm::daemon
