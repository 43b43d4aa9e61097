// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/xenbus/peer_nodes.hpp"

#include "libvmshare/base/scope_guard.hpp"

namespace xvm::xenbus {

Result<Peer_nodes> read_peer_nodes(port::Store& store, const std::string& dir,
                                   std::span<const std::string> names) {
    XVM_TRY_LET(const port::Txn txn, store.begin());
    // It only reads, so its end needs no commit and cannot conflict.
    const Scope_guard end([&] { store.abort(txn); });
    Peer_nodes nodes;
    for (const std::string& name : names) {
        auto value = store.read(dir + "/" + name, txn);
        if (value)
            nodes.put(name, std::move(*value));
        else if (value.error().fault != Fault::not_found)
            return tl::unexpected<Error>(std::move(value.error()));
    }
    return nodes;
}

} // namespace xvm::xenbus
