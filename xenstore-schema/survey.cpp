// SPDX-License-Identifier: Apache-2.0
#include "xenstore-schema/survey.hpp"

#include "libvmshare/base/assert.hpp"
#include "xenstore-schema/nodes.hpp"
#include "xenstore-schema/table.hpp"

#include <algorithm>

namespace xvm::schema {
namespace {

Domid bound_domid(const Bindings& bindings) {
    return parse_domid(bindings.get("domid")).value_or(dom0);
}

/// The part of the pattern that ends with {domid}: everything of one domain lies there.
std::string_view domain_root(std::string_view pattern) {
    static constexpr std::string_view placeholder = "{domid}";
    const std::size_t at = pattern.find(placeholder);
    return at == std::string_view::npos ? std::string_view{} : pattern.substr(0, at + placeholder.size());
}

class Surveyor {
  public:
    explicit Surveyor(const Store_image& image) : image_(image) {}

    Survey run() {
        find_ours();
        find_reused();
        find_dead();
        find_vms();
        for (const auto& [path, entry] : image_.nodes)
            add_directory(path);
        return std::move(survey_);
    }

  private:
    std::string value(const std::string& path) const {
        const Entry* entry = image_.find(path);
        return entry ? entry->value : std::string{};
    }

    void leftover(const std::string& path, Severity severity, std::string what) {
        if (!survey_.leftover.insert(path).second) return;
        survey_.findings.push_back({severity, Rule::leftover, path, std::move(what), "toolstack",
                                    "a domain's directories go when it does", "remove " + path});
    }

    void find_ours() {
        for (const auto& [path, entry] : image_.nodes) {
            const auto match = match_prefix(directory_row("own", "domain").path, path);
            if (!match || !match->whole) continue;
            survey_.ours[bound_domid(match->bindings)] = value(schema::path(path, own::domain::uuid));
        }
    }

    /// A number that Xen gave out again: our nodes are of the domain before.
    void find_reused() {
        for (auto it = survey_.ours.begin(); it != survey_.ours.end();) {
            const std::string vm = value(schema::path(domain::home::dir(it->first), domain::home::vm));
            const auto match = match_prefix(directory_row("domain", "vm").path, vm);
            const bool other = match && match->whole && match->bindings.get("uuid") != it->second &&
                               Uuid::parse(it->second).has_value();
            if (other)
                leftover(own::domain::dir(it->first), Severity::error,
                         "is of domain " + it->second + ", and the number now belongs to " +
                             std::string(match->bindings.get("uuid")));
            it = other ? survey_.ours.erase(it) : std::next(it);
        }
    }

    void find_dead() {
        for (const auto& [path, entry] : image_.nodes) {
            for (const Directory_row& row : directory_rows()) {
                const auto match = match_prefix(domain_root(row.path), path);
                if (!match || !match->whole || domain_root(row.path).empty()) continue;
                const Domid domid = bound_domid(match->bindings);
                if (!image_.dead(domid)) continue;
                const bool ours =
                    survey_.ours.contains(domid) || row.name_space == "own" || is_own_class(row.name_space);
                leftover(path, ours ? Severity::error : Severity::warning,
                         "domain " + std::to_string(number(domid)) + " does not live" +
                             (ours ? "" : "; nothing says that it was xvm's"));
            }
        }
    }

    void find_vms() {
        std::set<std::string> used;
        for (const auto& [domid, uuid] : survey_.ours)
            if (!image_.dead(domid)) used.insert("/vm/" + uuid);
        for (const auto& [path, entry] : image_.nodes) {
            const auto match = match_prefix(directory_row("domain", "home").path, path);
            if (match && match->whole && !image_.dead(bound_domid(match->bindings)))
                used.insert(value(schema::path(path, domain::home::vm)));
        }
        for (const auto& [path, entry] : image_.nodes) {
            const auto match = match_prefix(directory_row("domain", "vm").path, path);
            if (match && match->whole && !used.contains(path))
                leftover(path, Severity::warning, "no living domain's node vm leads here");
        }
    }

    void add_directory(const std::string& path) {
        if (survey_.is_leftover(path)) return;
        for (const Directory_row& row : directory_rows()) {
            auto match = match_prefix(row.path, path);
            if (!match || !match->whole) continue;
            Directory found{&row, path, std::move(match->bindings), dom0};
            found.guest = bound_domid(found.bindings);
            const std::string uuid(found.bindings.get("uuid"));
            const auto owner = std::find_if(survey_.ours.begin(), survey_.ours.end(), [&](const auto& ours) {
                return uuid.empty() ? ours.first == found.guest : ours.second == uuid;
            });
            const bool ours = owner != survey_.ours.end();
            if (!ours && !is_own_class(row.name_space)) continue;
            if (ours) {
                found.guest = owner->first;
                if (uuid.empty() && !owner->second.empty()) found.bindings.set("uuid", owner->second);
            }
            survey_.directories.push_back(std::move(found));
        }
    }

    const Store_image& image_;
    Survey survey_;
};

} // namespace

const Directory* Survey::enclosing(std::string_view path) const {
    const Directory* best = nullptr;
    for (const Directory& directory : directories)
        if (at_or_below(path, directory.path) && (!best || directory.path.size() > best->path.size()))
            best = &directory;
    return best;
}

bool Survey::is_leftover(std::string_view path) const {
    return std::any_of(leftover.begin(), leftover.end(),
                       [path](const std::string& root) { return at_or_below(path, root); });
}

Survey survey(const Store_image& image) {
    return Surveyor(image).run();
}

std::optional<Domid> domain_of(std::string_view path) {
    std::optional<Domid> domid;
    for (const Directory_row& row : directory_rows()) {
        const std::string_view root = domain_root(row.path);
        const auto match = root.empty() ? std::nullopt : match_prefix(root, path);
        // Of /local/domain/0/backend/xvbd/7 the domain is 7: the later placeholder.
        if (match && (!domid || *domid == dom0)) domid = bound_domid(match->bindings);
    }
    return domid;
}

std::span<const Directory_row> directory_rows() noexcept {
    return rows::directories;
}

std::span<const Class_row> class_rows() noexcept {
    return rows::classes;
}

const Directory_row& directory_row(std::string_view name_space, std::string_view name) {
    const auto found =
        std::find_if(rows::directories.begin(), rows::directories.end(), [&](const Directory_row& row) {
            return row.name_space == name_space && row.name == name;
        });
    XVM_ASSERT(found != rows::directories.end());
    return *found;
}

bool is_own_class(std::string_view name_space) noexcept {
    return std::any_of(rows::classes.begin(), rows::classes.end(),
                       [name_space](const Class_row& row) { return row.name == name_space && !row.stock; });
}

} // namespace xvm::schema
