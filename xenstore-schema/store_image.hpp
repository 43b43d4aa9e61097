// SPDX-License-Identifier: Apache-2.0
// A store's nodes at one moment, as the linter sees them.
//
// Invariant: sorted by path; a path is there once.
#pragma once

#include "xenstore-schema/types.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace xvm::schema {

struct Domid_permission {
    Domid domid{};
    Access access = Access::none;
    bool operator==(const Domid_permission&) const = default;
};

struct Entry {
    std::string value;
    std::optional<std::vector<Domid_permission>> permissions; ///< nothing: not known, not judged
};

struct Store_image {
    std::map<std::string, Entry, std::less<>> nodes;
    std::optional<std::set<Domid>> live; ///< nothing: not known, nothing counts as left over

    [[nodiscard]] const Entry* find(std::string_view path) const {
        const auto found = nodes.find(path);
        return found == nodes.end() ? nullptr : &found->second;
    }
    [[nodiscard]] bool dead(Domid domid) const { return live && domid != dom0 && !live->contains(domid); }
};

/// Whether `path` is `root` or lies below it.
[[nodiscard]] inline bool at_or_below(std::string_view path, std::string_view root) {
    return path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/');
}

} // namespace xvm::schema
