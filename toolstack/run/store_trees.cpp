// SPDX-License-Identifier: Apache-2.0
#include "toolstack/run/store_trees.hpp"

#include "xenstore-schema/nodes.hpp"

#include <algorithm>
#include <span>
#include <utility>

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

bool is_below(const std::string& path, const std::string& above) {
    return path.size() > above.size() && path.starts_with(above) && path[above.size()] == '/';
}

/// The nodes as changes. For a node whose permissions change, xenstored asks for every guest there is whether
/// it may know, and reads the parent anew for each that may read the node neither before nor after: that is
/// most of what a create costs more with each guest (docs/performance.md). So a directory with permissions of
/// its own is open to all readers while it is made, and empty meanwhile but for directories of which the same
/// is true; closed before anything is written below it. Whoever watched would have learnt that a domain of
/// this number comes to be, which he can ask Xen at any time.
std::vector<port::Store_change> in_cheap_order(const plan::Nodes& nodes, Domid guest) {
    using Kind = port::Store_change::Kind;
    const std::vector<port::Store_permission> open_to_all{{dom0, port::Store_access::read}};
    std::vector<port::Store_change> changes;
    const auto put = [&](const plan::Node& node, bool after_all) {
        const Kind kind = node.value.empty() ? Kind::make : Kind::write;
        changes.push_back({kind, node.path, node.value, {}, after_all});
    };
    const auto permit = [&](const plan::Node& node, std::vector<port::Store_permission> permissions) {
        changes.push_back({Kind::permit, node.path, {}, std::move(permissions), false});
    };
    const auto own = [&](const plan::Node& node) { return permissions_for(node.permissions, guest); };
    // The uppermost directory with permissions that a node is below, or none.
    const auto above = [&](const plan::Node& node) {
        const auto found = std::find_if(nodes.begin(), nodes.end(), [&](const plan::Node& other) {
            return !other.permissions.empty() && is_below(node.path, other.path);
        });
        return found != nodes.end() ? &*found : nullptr;
    };
    const auto last =
        std::find_if(nodes.begin(), nodes.end(), [](const auto& node) { return node.after_all; });
    const std::span<const plan::Node> before_last(nodes.begin(), last);
    for (const plan::Node& node : before_last) {
        if (above(node) != nullptr) continue;
        put(node, false);
        if (node.permissions.empty()) continue;
        permit(node, open_to_all);
        for (const plan::Node& inner : before_last) {
            if (inner.permissions.empty() || above(inner) != &node) continue;
            put(inner, false);
            permit(inner, own(inner));
        }
        permit(node, own(node));
    }
    bool first = true;
    for (const plan::Node& node : before_last) {
        if (above(node) == nullptr || !node.permissions.empty()) continue;
        put(node, std::exchange(first, false));
    }
    for (auto node = last; node != nodes.end(); ++node) {
        put(*node, node->after_all);
        if (!node->permissions.empty()) permit(*node, own(*node));
    }
    return changes;
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
    return store.change_all(in_cheap_order(nodes, guest));
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
