// SPDX-License-Identifier: Apache-2.0
#include "toolstack/plan/config_place.hpp"

#include "libvmshare/base/number.hpp"

#include <array>
#include <toml++/toml.h>

namespace xvm::plan {
namespace {

/// Which key a refusal of the whole domain is about, by how its cause begins.
struct About {
    std::string_view cause;
    std::string_view key;
};
constexpr std::array abouts{
    About{"the name is taken", "name"}, About{"is stale", "name"},
    About{"needs ", "memory"},          About{"kernel and RAM disk do not fit", "memory"},
    About{"cannot be pinned", "pin"},
};

const toml::node* source_of(const toml::table& disk) {
    const toml::node* const raw = disk.get("raw");
    return raw != nullptr ? raw : disk.get("pack");
}

const toml::node* disk_of(const toml::table& table, std::string_view dev) {
    const toml::array* const disks = table.get_as<toml::array>("disk");
    if (disks == nullptr) return nullptr;
    for (const toml::node& node : *disks) {
        const toml::table* const disk = node.as_table();
        if (disk != nullptr && (*disk)["dev"].value_or(std::string_view()) == dev) return source_of(*disk);
    }
    return nullptr;
}

const toml::node* net_of(const toml::table& table, std::string_view number) {
    const auto index = parse_number<std::uint16_t>(number);
    const toml::array* const nets = table.get_as<toml::array>("net");
    if (!index || nets == nullptr) return nullptr;
    const toml::node* const node = nets->get(*index);
    const toml::table* const net = node != nullptr ? node->as_table() : nullptr;
    return net != nullptr ? net->get("bridge") : nullptr;
}

const toml::node* node_of(const toml::table& table, const Error& refusal) {
    const std::string line = refusal.object + ": " + refusal.cause;
    const std::string_view first = std::string_view(line).substr(0, line.find(": "));
    const auto after = [&](std::string_view word) { return first.substr(word.size()); };
    if (first == "kernel" || first == "ramdisk") return table.get(first);
    if (first.starts_with("disk ")) return disk_of(table, after("disk "));
    if (first.starts_with("net ")) return net_of(table, after("net "));
    if (!first.starts_with("domain ")) return nullptr;
    for (const About& about : abouts)
        if (refusal.cause.starts_with(about.cause)) return table.get(about.key);
    return nullptr;
}

} // namespace

std::optional<std::string> place_of(const Config_text& text, const Error& refusal) {
    try {
        const toml::table table = toml::parse(text.toml);
        const toml::node* const node = node_of(table, refusal);
        if (node == nullptr) return std::nullopt;
        const toml::source_position at = node->source().begin;
        return text.source + ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
    } catch (const toml::parse_error&) { // it has been said already where
        return std::nullopt;
    }
}

} // namespace xvm::plan
