// SPDX-License-Identifier: Apache-2.0
// Devices of guests by libxenctrl; what of a device is dom0's, by sysfs.
#pragma once

#include "libvmshare/port/direct.hpp"

#include <memory>

namespace xvm::port::xen {

/// unreachable: not running under Xen; denied: not root.
[[nodiscard]] Result<std::unique_ptr<Direct_devices>> open_direct();

} // namespace xvm::port::xen
