// SPDX-License-Identifier: Apache-2.0
// The store as xenstored keeps it, by libxenstore: over its socket (XENSTORED_PATH is honoured), or
// over /dev/xen/xenbus in a domain without one.
#pragma once

#include "libvmshare/port/store.hpp"

#include <memory>

namespace xvm::port::xen {

/// unreachable: no xenstored answers.
[[nodiscard]] Result<std::unique_ptr<Store>> open_store();

} // namespace xvm::port::xen
