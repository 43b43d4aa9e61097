// SPDX-License-Identifier: Apache-2.0
// vif = [ "…" ]: KEY=VALUE with commas between them (xl-network-configuration(5)).
#include "toolstack/import/conversion.hpp"
#include "toolstack/plan/names.hpp"

namespace xvm::import {
namespace {

constexpr std::string_view xl_bridge = "xenbr0"; // what xl takes when none is named

std::vector<std::string> split(std::string_view words) {
    std::vector<std::string> parts;
    while (!words.empty()) {
        const std::size_t comma = std::min(words.find(','), words.size());
        std::string_view part = words.substr(0, comma);
        words.remove_prefix(std::min(comma + 1, words.size()));
        part.remove_prefix(std::min(part.find_first_not_of(" \t"), part.size()));
        part = part.substr(0, part.find_last_not_of(" \t") + 1);
        if (!part.empty()) parts.emplace_back(part);
    }
    return parts;
}

struct Net {
    std::string mac;
    std::string bridge{xl_bridge};
};

/// One KEY=VALUE; false: the interface cannot be had.
bool take(Conversion& work, Net& net, const std::string& words, const std::string& part) {
    const std::size_t equals = std::min(part.find('='), part.size());
    const std::string key = part.substr(0, equals);
    const std::string value = equals < part.size() ? part.substr(equals + 1) : std::string{};
    const std::string place = work.file.place_of_item("vif", part);
    const auto about = [&](const std::string& cause) { return "vif '" + words + "': " + cause; };
    if (key == "mac")
        net.mac = value;
    else if (key == "bridge")
        net.bridge = value;
    else if (key == "script" && (value == "vif-bridge" || value.ends_with("/vif-bridge")))
        return true; // what xvm does by itself
    else if (key == "backend" && (value == "0" || value == "Domain-0"))
        return true;
    else if (key == "type" && value == "vif")
        return true;
    else if (key == "script" || key == "backend" || key == "gatewaydev" || key == "netdev" || key == "vlan") {
        work.refuse(place, about("'" + part + "': xvm joins interfaces to bridges of dom0 only"),
                    "leave it out, and name a bridge: bridge=...");
        return false;
    } else
        work.warn(place, about("'" + part + "' is left out"),
                  "see xl-network-configuration(5) for what is lost");
    return true;
}

bool check(Conversion& work, const Net& net, const std::string& words) {
    const std::string place = work.file.place_of_item("vif", words);
    if (!net.mac.empty() && !plan::parse_mac(net.mac)) {
        work.refuse(place, "vif '" + words + "': mac cannot be '" + net.mac + "'",
                    "write one interface's address, such as 00:16:3e:01:02:03");
        return false;
    }
    if (const auto fault = plan::bridge_name_fault(net.bridge)) {
        work.refuse(place, "vif '" + words + "': bridge '" + net.bridge + "' " + *fault,
                    "name a bridge of dom0");
        return false;
    }
    return true;
}

} // namespace

void convert_nets(Conversion& work) {
    if (work.file.find("vif") == nullptr) return;
    const auto items = work.file.list("vif");
    if (!items) return work.refuse(work.place("vif"), "'vif' is no list of texts", "write vif = [ \"...\" ]");
    for (const std::string& words : *items) {
        Net net;
        bool had = true;
        for (const std::string& part : split(words))
            had = take(work, net, words, part) && had;
        if (!had || !check(work, net, words)) continue;
        work.toml.table("net");
        if (!net.mac.empty()) work.toml.text("mac", net.mac);
        work.toml.text("bridge", net.bridge);
    }
}

} // namespace xvm::import
