// SPDX-License-Identifier: Apache-2.0
#include "xenstore-schema/lint_nodes.hpp"

#include "libvmshare/base/suggest.hpp"
#include "xenstore-schema/value.hpp"
#include "xenstore-schema/words.hpp"

#include <algorithm>
#include <optional>
#include <set>

namespace xvm::schema {
namespace {

using Permissions = std::vector<Domid_permission>;

Permissions resolve(std::span<const Permission> permissions, Domid guest) {
    Permissions resolved;
    for (const Permission& permission : permissions)
        resolved.push_back({domid_of(permission, guest), permission.access});
    return resolved;
}

/// As xenstore-ls shows it: (n0,r7).
std::string text(const Permissions& permissions) {
    static constexpr std::string_view letters = "nrwb";
    std::string text = "(";
    for (const Domid_permission& permission : permissions) {
        if (text.size() > 1) text += ',';
        text += letters[static_cast<unsigned>(permission.access)];
        text += std::to_string(number(permission.domid));
    }
    return text + ")";
}

/// Where nothing but what the schema names may be: xvm's own tree, and what is above all devices of a
/// class in dom0. (Front ends lie in the guests' homes.)
bool is_our_ground(std::string_view path) {
    return std::any_of(directory_rows().begin(), directory_rows().end(), [path](const Directory_row& row) {
        if (row.name_space == "own") return at_or_below(path, row.path.substr(0, row.path.find('/', 1)));
        return row.name == "backend" && is_own_class(row.name_space) &&
               at_or_below(path, row.path.substr(0, row.path.find("/{")));
    });
}

bool is_parent_of_directory(std::string_view path) {
    return std::any_of(directory_rows().begin(), directory_rows().end(),
                       [path](const Directory_row& row) { return is_parent_of(path, row.path); });
}

std::string_view parent(std::string_view path) {
    return path.substr(0, path.rfind('/'));
}

/// "ring-ref-{i}" for somebody who wrote "ring-rfe-3": "ring-ref-3".
std::string candidate(std::string_view pattern, std::string_view given) {
    const std::size_t open = pattern.find('{');
    if (open == std::string_view::npos) return std::string(pattern);
    const std::size_t digits = given.find_last_not_of("0123456789") + 1;
    if (open == 0 || digits >= given.size()) return {};
    return std::string(pattern.substr(0, open)) + std::string(given.substr(digits));
}

class Node_linter {
  public:
    Node_linter(const Store_image& image, const Survey& survey, std::vector<Finding>& findings)
        : image_(image), survey_(survey), findings_(findings) {}

    void run() {
        for (const auto& [path, entry] : image_.nodes)
            if (!survey_.is_leftover(path)) judge(path, entry);
    }

  private:
    void judge(const std::string& path, const Entry& entry) {
        const Directory* directory = survey_.enclosing(path);
        if (!directory) {
            if (is_our_ground(path) && !is_parent_of_directory(path)) unknown(path, nullptr);
            return;
        }
        if (path == directory->path) {
            check_permissions(path, entry, *directory, directory->row->permissions,
                              schema_line(*directory->row));
            return;
        }
        const std::string_view rest = std::string_view(path).substr(directory->path.size() + 1);
        bool between = is_parent_of_directory(path);
        for (const Node_row& row : directory->row->nodes) {
            const auto match = match_prefix(row.path, rest);
            if (match && match->whole) return check_node(path, entry, *directory, row);
            if (match && row.type == Type::tree) return;
            between = between || is_parent_of(rest, row.path);
        }
        if (between)
            check_permissions(path, entry, *directory, directory->row->permissions,
                              schema_line(*directory->row));
        else if (!directory->row->open)
            unknown(path, directory);
    }

    void check_node(const std::string& path, const Entry& entry, const Directory& directory,
                    const Node_row& row) {
        const std::string why = schema_line(*directory.row, row);
        const std::string writer(name(row.writer));
        if (auto wrong = wrong_value(row, directory.bindings, entry.value)) {
            findings_.push_back({Severity::error, Rule::wrong_value, path, std::move(*wrong), writer, why,
                                 writer + " must write what the schema says"});
        } else if (!row.same_as.empty()) {
            const std::string other = fill(row.same_as, directory.bindings);
            const Entry* same = image_.find(other);
            if (same && same->value != entry.value)
                findings_.push_back({Severity::error, Rule::differs, path,
                                     quoted(entry.value) + ", but " + other + " says " + quoted(same->value),
                                     writer, why, "write the same to both"});
        }
        check_permissions(path, entry, directory, row.permissions, why);
    }

    void check_permissions(const std::string& path, const Entry& entry, const Directory& directory,
                           std::span<const Permission> wanted, std::string why) {
        const Permissions expected = resolve(wanted, directory.guest);
        if (!entry.permissions || *entry.permissions == expected) return;
        wrong_permissions_.insert(path);
        // What it inherited from its parent has been told there.
        const Entry* above = image_.find(parent(path));
        if (above && above->permissions == entry.permissions &&
            wrong_permissions_.contains(std::string(parent(path))))
            return;
        const bool guests = expected.front().domid != dom0;
        findings_.push_back({Severity::error, Rule::wrong_permissions, path,
                             text(*entry.permissions) + " instead of " + text(expected),
                             guests ? "toolstack, or the guest that owns it" : "toolstack", std::move(why),
                             "xenstore-chmod " + path + " as the schema says"});
    }

    void unknown(const std::string& path, const Directory* directory) {
        unknown_.insert(path);
        if (unknown_.contains(std::string(parent(path)))) return; // told with its parent
        std::string remedy = "remove it, or add it to xenstore-schema";
        if (const auto near = suggestion(path, directory)) remedy = "did you mean '" + *near + "'?";
        findings_.push_back(
            {Severity::error, Rule::unknown_node, path, "the schema has no such node", "whoever wrote it",
             directory ? schema_line(*directory->row) : "only what the schema names may be here",
             std::move(remedy)});
    }

    std::optional<std::string> suggestion(std::string_view path, const Directory* directory) const {
        const std::string_view given = path.substr(path.rfind('/') + 1);
        std::vector<std::string> names;
        const auto add = [&](std::string_view above, std::string_view pattern) {
            const std::size_t depth = segments(above).size();
            if (above.empty() || is_parent_of(above, pattern)) {
                std::string name = candidate(segments(pattern)[depth], given);
                if (!name.empty()) names.push_back(std::move(name));
            }
        };
        for (const Directory_row& row : directory_rows())
            add(parent(path), row.path);
        if (directory) {
            const std::string_view rest = path.substr(directory->path.size() + 1);
            const std::size_t slash = rest.rfind('/');
            const std::string_view above =
                slash == std::string_view::npos ? std::string_view{} : rest.substr(0, slash);
            for (const Node_row& row : directory->row->nodes)
                add(above, row.path);
        }
        const std::vector<std::string_view> views(names.begin(), names.end());
        const auto near = nearest(given, views);
        return near ? std::optional<std::string>(*near) : std::nullopt;
    }

    const Store_image& image_;
    const Survey& survey_;
    std::vector<Finding>& findings_;
    std::set<std::string> wrong_permissions_;
    std::set<std::string> unknown_;
};

} // namespace

void lint_nodes(const Store_image& image, const Survey& survey, std::vector<Finding>& findings) {
    Node_linter(image, survey, findings).run();
}

} // namespace xvm::schema
