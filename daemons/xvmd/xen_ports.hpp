// SPDX-License-Identifier: Apache-2.0
// Ports onto the Xen that this machine runs.
#pragma once

#include "daemons/xvmd/port_set.hpp"

namespace xvm::xvmd {

/// unreachable: no Xen, or no xenstored; denied: not root.
[[nodiscard]] Result<std::unique_ptr<Port_set>> open_xen_ports();

} // namespace xvm::xvmd
