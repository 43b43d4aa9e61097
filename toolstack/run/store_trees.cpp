// SPDX-License-Identifier: Apache-2.0
#include "toolstack/run/store_trees.hpp"

#include "xenstore-schema/nodes.hpp"

namespace xvm::run {
namespace {

port::Store_access access_of(schema::Access access) {
    switch (access) {
    case schema::Access::read:
        return port::Store_access::read;
    case schema::Access::write:
        return port::Store_access::write;
    case schema::Access::both:
        return port::Store_access::both;
    case schema::Access::none:
        break;
    }
    return port::Store_access::none;
}

std::vector<port::Store_permission> permissions_for(std::span<const schema::Permission> wanted, Domid guest) {
    std::vector<port::Store_permission> permissions;
    for (const schema::Permission& one : wanted)
        permissions.push_back({schema::domid_of(one, guest), access_of(one.access)});
    return permissions;
}

Status write_node(port::Store& store, const plan::Node& node, Domid guest, port::Txn txn) {
    XVM_TRY(node.value.empty() ? store.make(node.path, txn) : store.write(node.path, node.value, txn));
    if (node.permissions.empty()) return {};
    return store.set_permissions(node.path, permissions_for(node.permissions, guest), txn);
}

} // namespace

Status write_nodes(port::Store& store, const plan::Nodes& nodes, Domid guest,
                   const std::vector<std::string>& stale) {
    return port::transact(store, [&](port::Txn txn) -> Status {
        for (const std::string& tree : stale)
            XVM_TRY(store.remove(tree, txn));
        for (const plan::Node& node : nodes)
            XVM_TRY(write_node(store, node, guest, txn));
        return {};
    });
}

Status put_nodes(port::Store& store, const plan::Nodes& nodes, Domid guest) {
    using Kind = port::Store_change::Kind;
    std::vector<port::Store_change> changes;
    for (const plan::Node& node : nodes) {
        const Kind kind = node.value.empty() ? Kind::make : Kind::write;
        changes.push_back({kind, node.path, node.value, {}, node.after_all});
        if (!node.permissions.empty())
            changes.push_back({Kind::permit, node.path, {}, permissions_for(node.permissions, guest), false});
    }
    return store.change_all(changes);
}

Status remove_trees(port::Store& store, const std::vector<std::string>& trees) {
    return port::transact(store, [&](port::Txn txn) -> Status {
        for (const std::string& tree : trees)
            XVM_TRY(store.remove(tree, txn));
        return {};
    });
}

Status remove_device_trees(port::Store& store, Domid guest, const plan::Device_ref& device) {
    return port::transact(store, [&](port::Txn txn) -> Status {
        for (const std::string& tree : plan::device_trees(device, guest))
            XVM_TRY(store.remove(tree, txn));
        for (const std::string& tree : plan::class_trees(device.device_class, guest)) {
            XVM_TRY_LET(const auto left, list_if_there(store, tree, txn));
            if (left.empty()) XVM_TRY(store.remove(tree, txn));
        }
        return {};
    });
}

Status make_roots(port::Store& store) {
    return port::transact(store, [&](port::Txn txn) -> Status {
        // xvm's own tree is private from its root on; the others are made as stock tools make them.
        XVM_TRY(store.make("/xvm", txn));
        const auto secret = permissions_for(schema::own::domain::permissions, dom0);
        XVM_TRY(store.set_permissions("/xvm", secret, txn));
        for (const std::string_view root :
             {schema::own::domain::root, schema::domain::home::root, schema::domain::vm::root,
              schema::domain::libxl::root, schema::xvbd::backend::root, schema::vbd::backend::root,
              schema::vif::backend::root})
            XVM_TRY(store.make(std::string(root), txn));
        return {};
    });
}

Result<std::optional<std::string>> read_if_there(port::Store& store, const std::string& path) {
    auto value = store.read(path);
    if (value) return std::optional<std::string>(std::move(*value));
    if (value.error().fault == Fault::not_found) return std::optional<std::string>{};
    return tl::unexpected<Error>(std::move(value.error()));
}

Result<std::vector<std::string>> list_if_there(port::Store& store, const std::string& path, port::Txn txn) {
    auto names = store.list(path, txn);
    if (!names && names.error().fault == Fault::not_found) return std::vector<std::string>{};
    return names;
}

} // namespace xvm::run
