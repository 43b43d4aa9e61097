// SPDX-License-Identifier: Apache-2.0
// Reads what the linter judges from a live store.
//
// Invariant: the nodes are those of one moment (one transaction, which writes nothing), and no more
// than the limit, however many a guest has made.
#pragma once

#include "libvmshare/port/store.hpp"
#include "xenstore-schema/store_image.hpp"

#include <cstddef>

namespace xvm::lint_tool {

inline constexpr std::size_t walk_nodes_max = 200'000;

/// The trees /local/domain, /vm, /libxl and /xvm, and which of the domains named there live.
/// exhausted: more than nodes_max nodes; denied: not dom0, or not root.
[[nodiscard]] Result<schema::Store_image> read_store(port::Store& store,
                                                     std::size_t nodes_max = walk_nodes_max);

} // namespace xvm::lint_tool
