// SPDX-License-Identifier: Apache-2.0
// Plays both sides of devices on a make-believe machine: offers those that are new, connects what is offered,
// lets go of those that close, and measures disks.
#pragma once

#include "daemons/xvmd/hosted_ports.hpp"

namespace xvm::xvmd {

/// Each device goes on by one state. A network interface appears in dom0 before its backend says so, as the
/// kernel's does. What the store refuses is left for the next time.
void play_backends(Hosted_machine& machine, port::Store& store);

} // namespace xvm::xvmd
