// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/hosted/store_tree.hpp"

#include "libvmshare/base/assert.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <cerrno>

namespace xvm::port::hosted {
namespace {

constexpr std::size_t path_bytes_max = 3072;    // XENSTORE_ABS_PATH_MAX
constexpr std::size_t payload_bytes_max = 4096; // XENSTORE_PAYLOAD_MAX: path, its end mark, value

std::string parent_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == 0 ? "/" : path.substr(0, slash);
}

std::string prefix_of(std::string_view path) {
    return path == "/" ? "/" : std::string(path) + "/";
}

bool includes(Store_access access, Store_access wanted) noexcept {
    const auto bits = [](Store_access a) {
        return (a == Store_access::read || a == Store_access::both ? 1U : 0U) |
               (a == Store_access::write || a == Store_access::both ? 2U : 0U);
    };
    return (bits(access) & bits(wanted)) == bits(wanted);
}

/// Owner and dom0: all. A domain that is named: what it was given. Others: what the first entry says.
bool allowed(Domid caller, const std::vector<Store_permission>& permissions, Store_access wanted) {
    if (caller == dom0 || permissions.front().domid == caller) return true;
    const auto named = std::find_if(permissions.begin() + 1, permissions.end(),
                                    [&](const Store_permission& p) { return p.domid == caller; });
    return includes(named == permissions.end() ? permissions.front().access : named->access, wanted);
}

std::string_view name_of(Store_access access) noexcept {
    switch (access) {
    case Store_access::none:
        return "none";
    case Store_access::read:
        return "read";
    case Store_access::write:
        return "write";
    case Store_access::both:
        return "both";
    }
    return "none";
}

} // namespace

bool is_store_path(std::string_view path) noexcept {
    if (path == "/") return true;
    if (path.empty() || path.front() != '/' || path.back() == '/' || path.size() > path_bytes_max)
        return false;
    if (path.find("//") != std::string_view::npos) return false;
    return std::all_of(path.begin(), path.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
               c == '/' || c == '_' || c == '@';
    });
}

bool is_at_or_below(std::string_view path, std::string_view top) noexcept {
    if (top == "/") return !path.empty() && path.front() == '/';
    return path.substr(0, top.size()) == top && (path.size() == top.size() || path[top.size()] == '/');
}

Store_tree::Store_tree(const Limits& limits) : limits_(limits) {
    nodes_["/"] = Node{{}, {{dom0, Store_access::none}}, ++last_generation_};
}

std::uint64_t Store_tree::generation(const std::string& path) const {
    const auto node = nodes_.find(path);
    return node == nodes_.end() ? 0 : node->second.generation;
}

Result<Store_tree::Nodes::iterator> Store_tree::find(Domid caller, const std::string& path,
                                                     Store_access wanted, std::string_view operation) {
    if (!is_store_path(path)) return fail_errno(EINVAL, path, operation, "give an absolute path");
    touched_.insert(path);
    const auto node = nodes_.find(path);
    if (node != nodes_.end()) {
        if (allowed(caller, node->second.permissions, wanted)) return node;
        return fail_errno(EACCES, path, operation);
    }
    // Only who may look at the nearest parent that exists learns that there is nothing.
    auto above = node;
    for (std::string parent = path; above == nodes_.end();)
        above = nodes_.find(parent = parent_of(parent));
    return fail_errno(allowed(caller, above->second.permissions, wanted) ? ENOENT : EACCES, path, operation);
}

void Store_tree::changed(Nodes::iterator node) {
    node->second.generation = ++last_generation_;
}

std::size_t Store_tree::owned_by(Domid domid) const {
    return static_cast<std::size_t>(std::count_if(nodes_.begin(), nodes_.end(), [&](const auto& node) {
        return node.second.permissions.front().domid == domid;
    }));
}

Result<Store_tree::Nodes::iterator> Store_tree::create(Domid caller, const std::string& path) {
    const std::string parent_path = parent_of(path);
    touched_.insert(parent_path);
    auto parent = nodes_.find(parent_path);
    if (parent == nodes_.end()) {
        XVM_TRY_LET(parent, create(caller, parent_path));
    }
    Node node{{}, parent->second.permissions, 0};
    if (caller != dom0) {
        node.permissions.front().domid = caller; // who makes it owns it
        if (owned_by(caller) >= limits_.store_nodes)
            return fail_errno(ENOSPC, path, "making", "the domain owns too many nodes");
    }
    changed(parent);
    const auto made = nodes_.emplace(path, std::move(node)).first;
    changed(made);
    touched_.insert(path);
    return made;
}

Result<std::string> Store_tree::read(Domid caller, const std::string& path) {
    XVM_TRY_LET(const Nodes::iterator node, find(caller, path, Store_access::read, "reading"));
    return node->second.value;
}

Status Store_tree::write(Domid caller, const std::string& path, std::string_view value) {
    if (path.size() + 1 + value.size() > payload_bytes_max ||
        (caller != dom0 && value.size() > limits_.store_value_bytes))
        return fail_errno(E2BIG, path, "writing", "the value is too long");
    auto found = find(caller, path, Store_access::write, "writing");
    if (!found && found.error().fault == Fault::not_found) found = create(caller, path);
    XVM_TRY_LET(const Nodes::iterator node, std::move(found));
    node->second.value = value;
    changed(node);
    changes_.push_back({path, true, {}});
    return {};
}

Status Store_tree::make(Domid caller, const std::string& path) {
    const auto found = find(caller, path, Store_access::write, "making");
    if (found) return {};
    if (found.error().fault != Fault::not_found) return tl::unexpected<Error>(found.error());
    XVM_TRY(create(caller, path));
    changes_.push_back({path, true, {}});
    return {};
}

/// The node without those below it, which the caller has removed.
void Store_tree::erase(Nodes::iterator node) {
    const auto parent = nodes_.find(parent_of(node->first));
    XVM_ASSERT(parent != nodes_.end());
    touched_.insert(parent->first);
    touched_.insert(node->first);
    changed(parent);
    nodes_.erase(node);
}

Status Store_tree::remove(Domid caller, const std::string& path) {
    const auto found = find(caller, path, Store_access::write, "removing");
    if (!found) {
        if (found.error().fault == Fault::not_found) return {};
        return tl::unexpected<Error>(found.error());
    }
    if (path == "/") return fail_errno(EINVAL, path, "removing");
    changes_.push_back({path, true, (*found)->second.permissions});
    const std::string prefix = prefix_of(path);
    for (auto below = nodes_.lower_bound(prefix);
         below != nodes_.end() && below->first.starts_with(prefix);) {
        changes_.push_back({below->first, false, below->second.permissions});
        touched_.insert(below->first);
        below = nodes_.erase(below);
    }
    erase(nodes_.find(path));
    return {};
}

Result<std::vector<std::string>> Store_tree::list(Domid caller, const std::string& path) {
    XVM_TRY(find(caller, path, Store_access::read, "listing"));
    std::vector<std::string> names;
    const std::string prefix = prefix_of(path);
    auto below = nodes_.upper_bound(prefix);
    while (below != nodes_.end() && below->first.starts_with(prefix)) {
        const std::string name = below->first.substr(prefix.size());
        const std::size_t slash = name.find('/');
        if (slash == std::string::npos) {
            names.push_back(name);
            ++below;
        } else { // below a child that is listed already: on to what sorts after all of them
            below = nodes_.lower_bound(prefix + name.substr(0, slash) + static_cast<char>('/' + 1));
        }
    }
    return names;
}

Result<std::vector<Store_permission>> Store_tree::permissions(Domid caller, const std::string& path) {
    XVM_TRY_LET(const Nodes::iterator node, find(caller, path, Store_access::read, "reading permissions"));
    return node->second.permissions;
}

Status Store_tree::set_permissions(Domid caller, const std::string& path,
                                   std::span<const Store_permission> permissions) {
    constexpr std::string_view operation = "setting permissions";
    XVM_TRY_LET(const Nodes::iterator node, find(caller, path, Store_access::write, operation));
    if (permissions.empty()) return fail_errno(EINVAL, path, operation, "name an owner first");
    if (caller != dom0) {
        const Domid owner = node->second.permissions.front().domid;
        if (owner != caller) return fail_errno(EACCES, path, operation, "only its owner may");
        if (permissions.front().domid != owner) return fail_errno(EPERM, path, "changing the owner");
        if (permissions.size() > limits_.store_permissions) return fail_errno(ENOSPC, path, operation);
    }
    // Who loses sight of the node is told so, as of a removal.
    changes_.push_back({path, true, node->second.permissions});
    node->second.permissions.assign(permissions.begin(), permissions.end());
    changed(node);
    return {};
}

void Store_tree::forget(Domid domid) {
    for (auto node = nodes_.begin(); node != nodes_.end();) {
        std::vector<Store_permission>& permissions = node->second.permissions;
        if (permissions.front().domid == domid && node->first != "/") {
            const std::string path = node->first;
            static_cast<void>(remove(dom0, path));
            node = nodes_.upper_bound(path);
            continue;
        }
        permissions.erase(std::remove_if(permissions.begin() + 1, permissions.end(),
                                         [&](const Store_permission& p) { return p.domid == domid; }),
                          permissions.end());
        ++node;
    }
}

bool Store_tree::readable(Domid caller, const Change& change) const {
    if (caller == dom0) return true;
    if (!change.permissions.empty() && allowed(caller, change.permissions, Store_access::read)) return true;
    const auto node = nodes_.find(change.path);
    return node != nodes_.end() && allowed(caller, node->second.permissions, Store_access::read);
}

Store_tree Store_tree::with(const std::set<std::string>& paths, const Store_tree& theirs) const {
    Store_tree view = *this;
    for (const std::string& path : paths) {
        const auto node = theirs.nodes_.find(path);
        if (node == theirs.nodes_.end())
            view.nodes_.erase(path);
        else
            view.nodes_[path] = node->second;
    }
    // What others made meanwhile below a node that is removed here: the commit will conflict.
    std::erase_if(view.nodes_, [&](const auto& node) {
        return node.first != "/" && !view.nodes_.contains(parent_of(node.first));
    });
    return view;
}

void Store_tree::adopt(const std::string& path, const Store_tree& other) {
    const auto theirs = other.nodes_.find(path);
    if (theirs == other.nodes_.end()) {
        nodes_.erase(path);
        return;
    }
    Node& node = nodes_[path];
    node = theirs->second;
    node.generation = ++last_generation_;
}

boost::json::object Store_tree::dump() const {
    boost::json::object all;
    for (const auto& [path, node] : nodes_) {
        boost::json::array permissions;
        for (const Store_permission& permission : node.permissions)
            permissions.push_back(boost::json::array{number(permission.domid), name_of(permission.access)});
        all[path] = boost::json::object{{"value", node.value}, {"permissions", std::move(permissions)}};
    }
    return all;
}

} // namespace xvm::port::hosted
