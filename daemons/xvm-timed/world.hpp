// SPDX-License-Identifier: Apache-2.0
// The machine the daemon works on. Invariant: only the functions below choose a port.
#pragma once

#include "libvmshare/port/grants.hpp"
#include "libvmshare/port/store.hpp"

#include <functional>
#include <memory>
#include <string>

namespace xvm::timed {

struct World {
    std::shared_ptr<port::Store> store;
    std::function<Result<std::shared_ptr<port::Granter>>()> open_granter; ///< for a user-space owner
};

/// This machine's Xen. unreachable: no xenstored, or no Xen.
[[nodiscard]] Result<World> open_xen();

/// A hosted machine, by its socket: for tests.
[[nodiscard]] Result<World> open_hosted(const std::string& socket);

} // namespace xvm::timed
