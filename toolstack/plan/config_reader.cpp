// SPDX-License-Identifier: Apache-2.0
#include "toolstack/plan/config_reader.hpp"

#include "libvmshare/base/suggest.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <tuple>

namespace xvm::plan {
namespace {

/// Keys as other tools call them, or people.
struct Other_key {
    std::string_view other;
    std::string_view ours;
};
constexpr std::array other_keys{
    Other_key{"extra", "command_line"},
    Other_key{"cmdline", "command_line"},
    Other_key{"append", "command_line"},
    Other_key{"root", "command_line"},
    Other_key{"maxmem", "memory_max"},
    Other_key{"mem", "memory"},
    Other_key{"ram", "memory"},
    Other_key{"cores", "vcpus"},
    Other_key{"maxvcpus", "vcpus"},
    Other_key{"initrd", "ramdisk"},
    Other_key{"initramfs", "ramdisk"},
    Other_key{"image", "kernel"},
    Other_key{"vif", "net"},
    Other_key{"network", "net"},
    Other_key{"nic", "net"},
    Other_key{"disks", "disk"},
    Other_key{"file", "raw"},
    Other_key{"target", "raw"},
    Other_key{"path", "raw"},
    Other_key{"vdev", "dev"},
    Other_key{"device", "dev"},
    Other_key{"access", "mode"},
    Other_key{"address", "mac"},
    Other_key{"hwaddr", "mac"},
};

/// Which of the keys there are was meant.
std::optional<std::string_view> meant(std::string_view key, const std::vector<std::string_view>& known) {
    for (const Other_key& one : other_keys)
        if (one.other == key && std::find(known.begin(), known.end(), one.ours) != known.end())
            return one.ours;
    return nearest(key, known);
}

std::string type_text(const toml::node& node) {
    switch (node.type()) {
    case toml::node_type::string:
        return "a text";
    case toml::node_type::integer:
        return "a whole number";
    case toml::node_type::floating_point:
        return "a number with a fraction";
    case toml::node_type::boolean:
        return "true or false";
    case toml::node_type::array:
        return "a list";
    case toml::node_type::table:
        return "a table";
    default:
        return "a date or time";
    }
}

} // namespace

std::string Config_log::place(const toml::source_region& where) const {
    if (!where.begin) return source_;
    return source_ + ":" + std::to_string(where.begin.line) + ":" + std::to_string(where.begin.column);
}

void Config_log::add(const toml::source_region& where, std::string cause, std::string remedy) {
    entries_.push_back(
        {false, where.begin, Error{Fault::usage, place(where), std::move(cause), std::move(remedy)}});
}

void Config_log::add_missing(const toml::source_region& where, std::string cause, std::string remedy) {
    entries_.push_back(
        {true, where.begin, Error{Fault::usage, place(where), std::move(cause), std::move(remedy)}});
}

std::vector<Error> Config_log::take() {
    const auto order = [](const Entry& entry) {
        return std::tuple(entry.missing, entry.at.line, entry.at.column);
    };
    std::stable_sort(entries_.begin(), entries_.end(),
                     [&](const Entry& a, const Entry& b) { return order(a) < order(b); });
    std::vector<Error> errors;
    for (Entry& entry : entries_)
        errors.push_back(std::move(entry.error));
    entries_.clear();
    return errors;
}

const toml::node* Table_reader::node(std::string_view key) {
    known_.push_back(key);
    return table_.get(key);
}

const toml::source_region& Table_reader::where(std::string_view key) const {
    const toml::node* node = table_.get(key);
    return node != nullptr ? node->source() : table_.source();
}

std::optional<std::string> Table_reader::text(std::string_view key, std::string_view example) {
    const toml::node* value = node(key);
    if (value == nullptr) return std::nullopt;
    if (const auto* string = value->as_string()) return string->get();
    wrong_type(key, *value, "a text", example);
    return std::nullopt;
}

std::optional<std::int64_t> Table_reader::integer(std::string_view key, std::string_view example) {
    const toml::node* value = node(key);
    if (value == nullptr) return std::nullopt;
    if (const auto* number = value->as_integer()) return number->get();
    wrong_type(key, *value, "a whole number", example);
    return std::nullopt;
}

std::optional<bool> Table_reader::boolean(std::string_view key, std::string_view example) {
    const toml::node* value = node(key);
    if (value == nullptr) return std::nullopt;
    if (const auto* truth = value->as_boolean()) return truth->get();
    wrong_type(key, *value, "true or false", example);
    return std::nullopt;
}

void Table_reader::bad(std::string_view key, std::string cause, std::string remedy) {
    log_.add(where(key), "'" + std::string(key) + "' " + std::move(cause), std::move(remedy));
}

void Table_reader::missing(std::string_view key, std::string_view example, std::string_view or_key) {
    missing_.push_back({key, or_key, std::string(example)});
}

void Table_reader::wrong_type(std::string_view key, const toml::node& node, std::string_view wanted,
                              std::string_view example) {
    log_.add(node.source(),
             "'" + std::string(key) + "' is " + type_text(node) + ", not " + std::string(wanted),
             "write " + std::string(example));
}

void Table_reader::finish() {
    for (const auto& [key, value] : table_) {
        if (std::find(known_.begin(), known_.end(), key.str()) != known_.end()) continue;
        const auto near = meant(key.str(), known_);
        log_.add(key.source(), "unknown key '" + std::string(key.str()) + "'" + in_table(),
                 near ? "did you mean '" + std::string(*near) + "'?"
                      : "see xvm.toml(5) for the keys there are");
        // One slip of the hand is one error: the key was not forgotten, only misspelt.
        std::erase_if(missing_, [&](const Missing& lacking) {
            return near && (lacking.key == *near || lacking.or_key == *near);
        });
    }
    for (const Missing& lacking : missing_)
        log_.add_missing(what_.empty() ? toml::source_region{} : table_.source(),
                         "'" + std::string(lacking.key) + "' is missing" + in_table(),
                         "add " + lacking.example);
}

} // namespace xvm::plan
