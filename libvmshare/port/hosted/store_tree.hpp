// SPDX-License-Identifier: Apache-2.0
// A store's tree with xenstored's rules of access: what one domain may see and change.
// Invariant: every node but "/" has its parent in the tree; every node has at least one permission.
// It notes what an operation touched (for conflicts) and changed (for watches); both are taken by the caller.
#pragma once

#include "libvmshare/port/hosted/limits.hpp"
#include "libvmshare/port/store.hpp"

#include <boost/json/object.hpp>
#include <map>
#include <set>

namespace xvm::port::hosted {

struct Node {
    std::string value;
    std::vector<Store_permission> permissions;
    std::uint64_t generation = 0; ///< anew with each change of the node, children coming and going too
};

/// A change that watches may want to hear of.
struct Change {
    std::string path;
    bool subtree = true;                       ///< false: of interest only to watches of just this path
    std::vector<Store_permission> permissions; ///< of the node as it was, where it is gone now
};

class Store_tree {
  public:
    explicit Store_tree(const Limits& limits);

    [[nodiscard]] Result<std::string> read(Domid caller, const std::string& path);
    [[nodiscard]] Status write(Domid caller, const std::string& path, std::string_view value);
    [[nodiscard]] Status make(Domid caller, const std::string& path);
    [[nodiscard]] Status remove(Domid caller, const std::string& path);
    [[nodiscard]] Result<std::vector<std::string>> list(Domid caller, const std::string& path);
    [[nodiscard]] Result<std::vector<Store_permission>> permissions(Domid caller, const std::string& path);
    [[nodiscard]] Status set_permissions(Domid caller, const std::string& path,
                                         std::span<const Store_permission> permissions);

    /// Nodes the domain owns go, with all below; it is struck from the others' permissions.
    void forget(Domid domid);

    /// Whether `caller` may read the node; of a node that is gone, whether it might have.
    [[nodiscard]] bool readable(Domid caller, const Change& change) const;

    [[nodiscard]] std::set<std::string> take_touched() { return std::exchange(touched_, {}); }
    [[nodiscard]] std::vector<Change> take_changes() { return std::exchange(changes_, {}); }

    /// A view for one more operation of a transaction: this tree, but with `paths` as in `theirs`.
    [[nodiscard]] Store_tree with(const std::set<std::string>& paths, const Store_tree& theirs) const;

    /// 0 where there is no such node.
    [[nodiscard]] std::uint64_t generation(const std::string& path) const;
    /// Makes the node at `path` what it is in `other`, or removes it; takes over no changes.
    void adopt(const std::string& path, const Store_tree& other);

    [[nodiscard]] boost::json::object dump() const;

  private:
    using Nodes = std::map<std::string, Node>;

    /// The node, where `caller` may do so with it. not_found only tells who may know.
    [[nodiscard]] Result<Nodes::iterator> find(Domid caller, const std::string& path, Store_access wanted,
                                               std::string_view operation);
    [[nodiscard]] Result<Nodes::iterator> create(Domid caller, const std::string& path);
    [[nodiscard]] std::size_t owned_by(Domid domid) const;
    void changed(Nodes::iterator node);
    void erase(Nodes::iterator node);

    Limits limits_;
    Nodes nodes_;
    std::uint64_t last_generation_ = 0;
    std::set<std::string> touched_;
    std::vector<Change> changes_;
};

/// Absolute, no empty part, letters, digits and "-/_@" only, at most 3072 bytes.
[[nodiscard]] bool is_store_path(std::string_view path) noexcept;
/// Whether `path` is `top` or lies below it.
[[nodiscard]] bool is_at_or_below(std::string_view path, std::string_view top) noexcept;

} // namespace xvm::port::hosted
