// SPDX-License-Identifier: Apache-2.0
// Event channels of this dom0 (or domain), by /dev/xen/evtchn.
#pragma once

#include "libvmshare/port/events.hpp"

#include <memory>

namespace xvm::port::xen {

/// unreachable: no such device (the module is not loaded, or this is not Xen); denied: not root.
[[nodiscard]] Result<std::unique_ptr<Events>> open_events();

} // namespace xvm::port::xen
