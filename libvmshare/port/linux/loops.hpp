// SPDX-License-Identifier: Apache-2.0
// Loops over this machine's loop driver.
#pragma once

#include "libvmshare/port/loop.hpp"

#include <memory>

namespace xvm::port::linux_host {

[[nodiscard]] std::unique_ptr<Loops> make_loops();

} // namespace xvm::port::linux_host
