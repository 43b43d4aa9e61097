// SPDX-License-Identifier: Apache-2.0
#include "xenstore-schema/lint_directories.hpp"

#include "libvmshare/base/number.hpp"
#include "xenstore-schema/nodes.hpp"
#include "xenstore-schema/state_text.hpp"
#include "xenstore-schema/value.hpp"
#include "xenstore-schema/words.hpp"

#include <algorithm>
#include <utility>

namespace xvm::schema {
namespace {

class Directory_linter {
  public:
    Directory_linter(const Store_image& image, const Survey& survey, std::vector<Finding>& findings)
        : image_(image), survey_(survey), findings_(findings) {}

    void run() {
        for (const Directory& directory : survey_.directories)
            check_nodes(directory);
        for (const auto& [domid, uuid] : survey_.ours)
            check_domain(domid, uuid);
        for (const Class_row& device : class_rows())
            check_devices(device);
    }

  private:
    Device_state state(const std::string& directory) const {
        const Entry* entry = image_.find(path(directory, "state"));
        return entry ? state_of(entry->value) : Device_state::unknown;
    }

    void check_nodes(const Directory& directory) {
        const Device_state now = state(directory.path);
        const Entry* const named = image_.find(path(directory.path, domain::home::name));
        if (directory.row->name == "home" && named && named->value == shell_name) return;
        for (const Node_row& row : directory.row->nodes) {
            const bool needed = row.required.mask == always ||
                                (now != Device_state::unknown && in_mask(row.required.mask, now));
            if (!row.count.empty())
                check_numbered(directory, row, needed);
            else if (needed && row.path.find('{') == std::string_view::npos)
                need(directory, row, std::string(row.path), now);
        }
    }

    void need(const Directory& directory, const Node_row& row, const std::string& node, Device_state now) {
        const std::string whole = path(directory.path, node);
        if (image_.find(whole)) return;
        const bool always_there = row.required.mask == always;
        findings_.push_back(
            {Severity::error, Rule::missing_node, whole,
             always_there ? "is missing" : "is missing in state " + std::string(schema::name(now)),
             std::string(name(row.writer)), schema_line(*directory.row, row),
             std::string(name(row.writer)) + " must write it" +
                 (always_there ? " with the directory" : " before that state")});
    }

    /// ring-ref-{i}: all below the count, none beyond it.
    void check_numbered(const Directory& directory, const Node_row& row, bool needed) {
        const Entry* counter = image_.find(path(directory.path, row.count));
        const auto* counting = counted_by(*directory.row, row.count);
        if (!counter || !counting || wrong_value(*counting, directory.bindings, counter->value)) return;
        const auto count = parse_number<std::uint32_t>(counter->value).value_or(0);
        for (std::uint32_t i = 0; needed && i < count; ++i) {
            Bindings bindings;
            bindings.set("i", std::to_string(i));
            need(directory, row, fill(row.path, bindings), state(directory.path));
        }
        const std::string below = directory.path + "/";
        for (auto it = image_.nodes.lower_bound(below);
             it != image_.nodes.end() && it->first.starts_with(below); ++it) {
            const auto match = match_prefix(row.path, std::string_view(it->first).substr(below.size()));
            if (!match || !match->whole) continue;
            if (parse_number<std::uint32_t>(match->bindings.get("i")).value_or(0) < count) continue;
            findings_.push_back({Severity::warning, Rule::surplus_node, it->first,
                                 std::string(row.count) + " is " + std::to_string(count),
                                 std::string(name(row.writer)), schema_line(*directory.row, row),
                                 "remove it, or raise " + std::string(row.count)});
        }
    }

    static const Node_row* counted_by(const Directory_row& directory, std::string_view name) {
        const auto found = std::find_if(directory.nodes.begin(), directory.nodes.end(),
                                        [name](const Node_row& row) { return row.path == name; });
        return found == directory.nodes.end() ? nullptr : &*found;
    }

    void need_directory(const Directory_row& row, const Bindings& bindings, std::string what) {
        const std::string whole = fill(row.path, bindings);
        if (image_.find(whole)) return;
        findings_.push_back({Severity::error, Rule::missing_directory, whole, std::move(what), "toolstack",
                             schema_line(row), "make and remove what belongs together in one transaction"});
    }

    void check_domain(Domid domid, const std::string& uuid) {
        Bindings bindings;
        bindings.set("domid", std::to_string(number(domid)));
        bindings.set("uuid", uuid);
        if (survey_.is_leftover(fill("/xvm/domain/{domid}", bindings)) || !Uuid::parse(uuid)) return;
        for (const Directory_row& row : directory_rows())
            if (row.name_space == "domain")
                need_directory(row, bindings, "is missing for domain " + std::to_string(number(domid)));
    }

    void check_devices(const Class_row& device) {
        std::map<std::pair<Domid, std::string>, std::vector<const Directory*>> devices;
        for (const Directory& directory : survey_.directories)
            if (directory.row->name_space == device.name)
                devices[{directory.guest, std::string(directory.bindings.get("devid"))}].push_back(
                    &directory);
        for (const auto& [key, parts] : devices) {
            for (const Directory_row& row : directory_rows())
                if (row.name_space == device.name)
                    need_directory(row, parts.front()->bindings,
                                   "is missing, but " + parts.front()->path + " is there");
            check_states(device, parts);
        }
    }

    void check_states(const Class_row& device, const std::vector<const Directory*>& parts) {
        const auto part = [&parts](std::string_view name) {
            const auto found = std::find_if(parts.begin(), parts.end(), [name](const Directory* directory) {
                return directory->row->name == name;
            });
            return found == parts.end() ? nullptr : *found;
        };
        const Directory* front = part("frontend");
        const Directory* back = part("backend");
        if (!front || !back) return;
        const Device_state front_state = state(front->path);
        const Device_state back_state = state(back->path);
        if (front_state == Device_state::unknown || back_state == Device_state::unknown) return;
        const auto mask = device.legal_backends[static_cast<std::size_t>(front_state)];
        if (in_mask(mask, back_state)) return;
        std::string beside;
        for (const Device_state other :
             {Device_state::initialising, Device_state::init_wait, Device_state::initialised,
              Device_state::connected, Device_state::closing, Device_state::closed})
            if (in_mask(mask, other))
                beside += (beside.empty() ? "" : ", ") + std::string(schema::name(other));
        findings_.push_back({Severity::error, Rule::illegal_states, path(back->path, "state"),
                             "backend " + std::string(schema::name(back_state)) + " while the front end is " +
                                 std::string(schema::name(front_state)),
                             "backend or frontend",
                             std::string(device.name) + ".toml: transitions: beside a front end " +
                                 std::string(schema::name(front_state)) + " the backend is " +
                                 (beside.empty() ? "nothing: it never is" : beside),
                             "detach the device and attach it again"});
    }

    const Store_image& image_;
    const Survey& survey_;
    std::vector<Finding>& findings_;
};

} // namespace

void lint_directories(const Store_image& image, const Survey& survey, std::vector<Finding>& findings) {
    Directory_linter(image, survey, findings).run();
}

} // namespace xvm::schema
