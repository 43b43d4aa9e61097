// SPDX-License-Identifier: Apache-2.0
// port::Domains on Xen, through libxenctrl and libxenguest. Not for two threads at once.
#pragma once

#include "libvmshare/port/domains.hpp"

#include <memory>

namespace xvm::port::xen {

/// unreachable: not under Xen, or not the control domain; denied: not root; failed: another Xen than
/// this build is for.
[[nodiscard]] Result<std::unique_ptr<Domains>> open_domains();

} // namespace xvm::port::xen
