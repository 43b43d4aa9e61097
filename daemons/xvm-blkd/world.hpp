// SPDX-License-Identifier: Apache-2.0
// The machine the daemon works on: its store, and where a disk gets its own handles from.
// Invariant: only the functions below choose a port, and where the timer page is.
#pragma once

#include "backends/block/queue.hpp"
#include "libvmshare/port/store.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace xvm::blkd {

struct World {
    std::shared_ptr<port::Store> store;
    std::function<Result<block::Queue::Handles>()> open_handles; ///< called on the main thread
};

/// This machine's Xen. unreachable: no xenstored, or no Xen.
[[nodiscard]] Result<World> open_xen(const std::vector<std::string>& time_pages);

/// A hosted machine, by its socket: for tests.
[[nodiscard]] Result<World> open_hosted(const std::string& socket,
                                        const std::vector<std::string>& time_pages);

} // namespace xvm::blkd
