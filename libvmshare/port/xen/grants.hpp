// SPDX-License-Identifier: Apache-2.0
// Grants of other domains, by /dev/xen/gntdev, and pages of this one granted to others, by
// /dev/xen/gntalloc.
#pragma once

#include "libvmshare/port/grants.hpp"

#include <memory>

namespace xvm::port::xen {

/// unreachable: no such device (the module is not loaded, or this is not Xen); denied: not root.
[[nodiscard]] Result<std::unique_ptr<Grants>> open_grants();

/// As open_grants(), of the device gntalloc. One weakness of that device: end() of pages that are still
/// mapped is not refused; it holds them until the last mapping goes.
[[nodiscard]] Result<std::unique_ptr<Granter>> open_granter();

} // namespace xvm::port::xen
