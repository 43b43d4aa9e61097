// SPDX-License-Identifier: Apache-2.0
#include "toolstack/plan/nodes.hpp"

#include "xenstore-schema/nodes.hpp"

#include <catch2/catch.hpp>
#include <map>

using namespace xvm;
using namespace xvm::plan;

namespace {

std::map<std::string, std::string> values(const Nodes& nodes) {
    std::map<std::string, std::string> all;
    for (const Node& node : nodes) {
        CHECK_FALSE(all.contains(node.path));
        all[node.path] = node.value;
    }
    return all;
}

Guest_config sample() {
    Guest_config guest;
    guest.name = "web";
    guest.memory_bytes = 128ULL << 20;
    guest.memory_max_bytes = 256ULL << 20;
    guest.vcpus = 2;
    return guest;
}

const Guest_facts facts{
    {Domid{7}, *Uuid::parse("5f8e2b54-6c0e-4d0a-9a4b-2a8b7e1c9d00")}, 11, 12, Evtchn_port{3}, Evtchn_port{4}};

} // namespace

TEST_CASE("A guest finds its console, memory and processors") {
    const auto nodes = values(guest_nodes(sample(), facts));
    const auto at = [&](const char* node) { return nodes.at(std::string("/local/domain/7/") + node); };
    CHECK(at("name") == "web");
    CHECK(at("vm") == "/vm/5f8e2b54-6c0e-4d0a-9a4b-2a8b7e1c9d00");
    CHECK(at("console/ring-ref") == "12");
    CHECK(at("console/port") == "4");
    CHECK(at("cpu/1/availability") == "online");
    CHECK(at("memory/target") == "131072");
    CHECK(nodes.at("/libxl/7/type") == "pvh");
}

TEST_CASE("A PVH guest's static-max is what it boots with, a PV guest's what it may grow to") {
    Guest_config guest = sample();
    CHECK(values(guest_nodes(guest, facts)).at("/local/domain/7/memory/static-max") == "131072");
    guest.type = Guest_type::pv;
    CHECK(values(guest_nodes(guest, facts)).at("/local/domain/7/memory/static-max") == "262144");
}

TEST_CASE("What a guest must not read or write it is not given") {
    for (const Nodes& nodes : {private_nodes(sample(), facts.id), guest_nodes(sample(), facts),
                               disk_nodes({"xvda", 51712, Disk_kind::raw, "/a", true}, Domid{7})})
        for (const Node& node : nodes) {
            INFO(node.path);
            const bool secret = node.path.starts_with("/xvm") || node.path.starts_with("/libxl");
            for (const schema::Permission& one : node.permissions)
                if (secret) CHECK((one.who == schema::Who::dom0 && one.access == schema::Access::none));
            // The console's terminal is opened by dom0's root: a guest that wrote it would choose a file.
            if (node.path.ends_with("console/tty")) CHECK(node.permissions.empty());
        }
}

TEST_CASE("A disk's two sides name each other, and its file stands in the private directory alone") {
    const auto nodes = values(disk_nodes({"xvdb", 51728, Disk_kind::raw, "/srv/data.img", true}, Domid{7}));
    const std::string front = "/local/domain/7/device/xvbd/51728";
    const std::string back = "/local/domain/0/backend/xvbd/7/51728";
    CHECK(nodes.at(front + "/backend") == back);
    CHECK(nodes.at(back + "/frontend") == front);
    CHECK(nodes.at(front + "/state") == "1");
    CHECK(nodes.at(back + "/state") == "1");
    CHECK(nodes.at(back + "/online") == "1");
    CHECK(nodes.at(back + "/mode") == "w");
    CHECK(nodes.at("/xvm/domain/7/xvbd/51728/path") == "/srv/data.img");
    int mentions = 0;
    for (const auto& [path, value] : nodes)
        mentions += value == "/srv/data.img" ? 1 : 0;
    CHECK(mentions == 1);
}
