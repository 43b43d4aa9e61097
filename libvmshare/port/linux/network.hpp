// SPDX-License-Identifier: Apache-2.0
// Network over this machine's netlink.
#pragma once

#include "libvmshare/port/net.hpp"

#include <memory>

namespace xvm::port::linux_host {

/// A socket for each question: between them it holds nothing.
[[nodiscard]] std::unique_ptr<Network> make_network();

} // namespace xvm::port::linux_host
