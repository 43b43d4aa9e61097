// SPDX-License-Identifier: Apache-2.0
// What a domain whose only program this is has to do for itself: its devices, its modules, its disk, its end.
#pragma once

#include "libvmshare/base/result.hpp"

#include <string>

namespace xvm::service {

/// Mounts /dev, inserts the modules of /lib/modules/order in that order, mounts `disk` (ext4) on `directory`.
[[nodiscard]] Status set_up_machine(const std::string& disk, const std::string& directory);
/// Brings what was written to the disk, and turns the machine off.
[[noreturn]] void power_off(const std::string& directory);

} // namespace xvm::service
