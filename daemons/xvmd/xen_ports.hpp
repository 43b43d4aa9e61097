// SPDX-License-Identifier: Apache-2.0
// Ports onto the Xen that this machine runs.
#pragma once

#include "daemons/xvmd/port_set.hpp"
#include "daemons/xvmd/service_channel.hpp"

namespace xvm::xvmd {

/// unreachable: no Xen, or no xenstored; denied: not root.
[[nodiscard]] Result<std::unique_ptr<Port_set>> open_xen_ports();
/// As open_xen_ports(), for the channel to a service domain.
[[nodiscard]] Result<Channel_ports> open_xen_channel_ports();

} // namespace xvm::xvmd
