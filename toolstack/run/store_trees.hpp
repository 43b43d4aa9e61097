// SPDX-License-Identifier: Apache-2.0
// Lists of nodes into the store and out of it.
#pragma once

#include "libvmshare/port/store.hpp"
#include "toolstack/plan/nodes.hpp"

#include <optional>

namespace xvm::run {

/// Writes nodes that nobody looks at before the last of them is there: with many guests about, a transaction
/// would cost six times as much (docs/performance.md). After an error some may be there.
[[nodiscard]] Status put_nodes(port::Store& store, const plan::Nodes& nodes, Domid guest);

/// In one transaction: all of it or nothing. Removes `stale` (what an earlier domain of that number left) and
/// writes `nodes`.
[[nodiscard]] Status write_nodes(port::Store& store, const plan::Nodes& nodes, Domid guest,
                                 const std::vector<std::string>& stale = {});

/// In one transaction.
[[nodiscard]] Status remove_trees(port::Store& store, const std::vector<std::string>& trees);

/// In one transaction. Removes one device, and the directories of its class with the guest's last one.
[[nodiscard]] Status remove_device_trees(port::Store& store, Domid guest, const plan::Device_ref& device);

/// Makes the directories that all guests' nodes lie in, so that the first guest leaves nothing behind
/// that was not there before it.
[[nodiscard]] Status make_roots(port::Store& store);

/// As Store::read and list, with "not there" as nothing and as an empty list.
[[nodiscard]] Result<std::optional<std::string>> read_if_there(port::Store& store, const std::string& path);
[[nodiscard]] Result<std::vector<std::string>> list_if_there(port::Store& store, const std::string& path,
                                                             port::Txn txn = port::Txn::none);

} // namespace xvm::run
