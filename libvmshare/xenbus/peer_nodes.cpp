// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/xenbus/peer_nodes.hpp"

namespace xvm::xenbus {

Result<Peer_nodes> read_peer_nodes(port::Store& store, const std::string& dir,
                                   std::span<const std::string> names) {
    Peer_nodes nodes;
    // The commit shows that nothing changed between the first read and the last.
    XVM_TRY(port::transact(store, [&](port::Txn txn) -> Status {
        nodes = {};
        for (const std::string& name : names) {
            auto value = store.read(dir + "/" + name, txn);
            if (value)
                nodes.put(name, std::move(*value));
            else if (value.error().fault != Fault::not_found)
                return tl::unexpected<Error>(std::move(value.error()));
        }
        return {};
    }));
    return nodes;
}

} // namespace xvm::xenbus
