// SPDX-License-Identifier: Apache-2.0
// [[net]]: the guest's network interfaces.
#include "toolstack/plan/config_keys.hpp"
#include "toolstack/plan/names.hpp"

#include <algorithm>

namespace xvm::plan {
namespace {

Net_config read_net(const toml::table& table, Config_log& log, const std::string& guest,
                    std::uint32_t devid) {
    Table_reader reader(table, "net", log);
    Net_config net{devid, made_up_mac(guest, devid), {}};
    if (const auto bridge = reader.text("bridge", "bridge = \"br0\"")) {
        net.bridge = *bridge;
        if (const auto fault = bridge_name_fault(*bridge))
            reader.bad("bridge", *fault, "name a bridge of dom0, such as \"br0\"");
    } else if (reader.node("bridge") == nullptr) {
        reader.missing("bridge", "bridge = \"br0\": the bridge of dom0 that it joins");
    }
    if (const auto text = reader.text("mac", "mac = \"00:16:3e:01:02:03\"")) {
        if (const auto mac = parse_mac(*text))
            net.mac = *mac;
        else
            reader.bad("mac", "cannot be '" + *text + "'",
                       "write one interface's address, such as \"00:16:3e:01:02:03\", or leave it out");
    }
    reader.finish();
    return net;
}

} // namespace

std::vector<Net_config> read_nets(Table_reader& reader, Config_log& log, const std::string& guest) {
    const toml::node* node = reader.node("net");
    if (node == nullptr) return {};
    const auto* array = node->as_array();
    if (array == nullptr) {
        reader.wrong_type("net", *node, "a list of tables", "[[net]] with two brackets");
        return {};
    }
    std::vector<Net_config> nets;
    for (const toml::node& item : *array) {
        const auto* table = item.as_table();
        if (table == nullptr) {
            reader.wrong_type("net", item, "a table", "[[net]] and its keys below");
            continue;
        }
        Net_config net = read_net(*table, log, guest, static_cast<std::uint32_t>(nets.size()));
        const bool twice = std::any_of(nets.begin(), nets.end(),
                                       [&](const Net_config& earlier) { return earlier.mac == net.mac; });
        if (twice && table->get("mac") != nullptr)
            log.add(table->get("mac")->source(), "'mac': another interface has '" + net.mac + "' already",
                    "give each an address of its own, or leave it out");
        nets.push_back(std::move(net));
    }
    return nets;
}

} // namespace xvm::plan
