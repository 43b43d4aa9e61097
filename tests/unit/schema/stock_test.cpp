// SPDX-License-Identifier: Apache-2.0
// Stock devices: those of xvm's guests are held against the schema, with what the kernels' drivers add
// left alone; those of other toolstacks' guests are not looked at.
#include "tests/unit/schema/example.hpp"
#include "tests/unit/schema/only.hpp"

using namespace xvm;
using namespace xvm::schema;

namespace {

constexpr const char* stock_dump = R"(
/local/domain/0/backend/vbd = ""   (n0)
/local/domain/0/backend/vbd/7 = ""   (n0)
/local/domain/0/backend/vbd/7/51728 = ""   (n0,r7)
/local/domain/0/backend/vbd/7/51728/frontend = "/local/domain/7/device/vbd/51728"   (n0,r7)
/local/domain/0/backend/vbd/7/51728/frontend-id = "7"   (n0,r7)
/local/domain/0/backend/vbd/7/51728/online = "1"   (n0,r7)
/local/domain/0/backend/vbd/7/51728/removable = "0"   (n0,r7)
/local/domain/0/backend/vbd/7/51728/bootable = "1"   (n0,r7)
/local/domain/0/backend/vbd/7/51728/dev = "xvdb"   (n0,r7)
/local/domain/0/backend/vbd/7/51728/type = "phy"   (n0,r7)
/local/domain/0/backend/vbd/7/51728/device-type = "disk"   (n0,r7)
/local/domain/0/backend/vbd/7/51728/mode = "w"   (n0,r7)
/local/domain/0/backend/vbd/7/51728/physical-device = "7:0"   (n0,r7)
/local/domain/0/backend/vbd/7/51728/discard-enable = "1"   (n0,r7)
/local/domain/0/backend/vbd/7/51728/state = "4"   (n0,r7)
/local/domain/0/backend/vbd/7/51728/sectors = "2048"   (n0,r7)
/local/domain/0/backend/vbd/7/51728/feature-persistent = "1"   (n0,r7)
/local/domain/7/device/vbd = ""   (n0,r7)
/local/domain/7/device/vbd/51728 = ""   (n7,r0)
/local/domain/7/device/vbd/51728/backend = "/local/domain/0/backend/vbd/7/51728"   (n7,r0)
/local/domain/7/device/vbd/51728/backend-id = "0"   (n7,r0)
/local/domain/7/device/vbd/51728/virtual-device = "51728"   (n7,r0)
/local/domain/7/device/vbd/51728/device-type = "disk"   (n7,r0)
/local/domain/7/device/vbd/51728/state = "4"   (n7,r0)
/local/domain/7/device/vbd/51728/ring-ref = "8"   (n7,r0)
/xvm/domain/7/vbd = ""   (n0)
/xvm/domain/7/vbd/51728 = ""   (n0)
/xvm/domain/7/vbd/51728/path = "/srv/web.img"   (n0)
/xvm/domain/7/vbd/51728/mode = "w"   (n0)
/xvm/domain/7/vbd/51728/loop = "/dev/loop0"   (n0)
/local/domain/0/backend/vif = ""   (n0)
/local/domain/0/backend/vif/7 = ""   (n0)
/local/domain/0/backend/vif/7/0 = ""   (n0,r7)
/local/domain/0/backend/vif/7/0/frontend = "/local/domain/7/device/vif/0"   (n0,r7)
/local/domain/0/backend/vif/7/0/frontend-id = "7"   (n0,r7)
/local/domain/0/backend/vif/7/0/online = "1"   (n0,r7)
/local/domain/0/backend/vif/7/0/handle = "0"   (n0,r7)
/local/domain/0/backend/vif/7/0/mac = "00:16:3e:01:02:03"   (n0,r7)
/local/domain/0/backend/vif/7/0/type = "vif"   (n0,r7)
/local/domain/0/backend/vif/7/0/script = "/bin/true"   (n0,r7)
/local/domain/0/backend/vif/7/0/hotplug-status = "connected"   (n0,r7)
/local/domain/0/backend/vif/7/0/state = "4"   (n0,r7)
/local/domain/0/backend/vif/7/0/multi-queue-max-queues = "1"   (n0,r7)
/local/domain/7/device/vif = ""   (n0,r7)
/local/domain/7/device/vif/0 = ""   (n7,r0)
/local/domain/7/device/vif/0/backend = "/local/domain/0/backend/vif/7/0"   (n7,r0)
/local/domain/7/device/vif/0/backend-id = "0"   (n7,r0)
/local/domain/7/device/vif/0/handle = "0"   (n7,r0)
/local/domain/7/device/vif/0/mac = "00:16:3e:01:02:03"   (n7,r0)
/local/domain/7/device/vif/0/state = "4"   (n7,r0)
/local/domain/7/device/vif/0/queue-0 = ""   (n7,r0)
/local/domain/7/device/vif/0/queue-0/tx-ring-ref = "9"   (n7,r0)
/xvm/domain/7/vif = ""   (n0)
/xvm/domain/7/vif/0 = ""   (n0)
/xvm/domain/7/vif/0/bridge = "br0"   (n0)
/local/domain/0/backend/vbd/9 = ""   (n0)
/local/domain/0/backend/vbd/9/51712 = ""   (n0,r9)
/local/domain/0/backend/vbd/9/51712/state = "what xl has"   (n0,r9)
/local/domain/9/device/vbd/51712/state = "nonsense"   (n9)
)";

const std::string vbd_back = "/local/domain/0/backend/vbd/7/51728";
const std::string vif_back = "/local/domain/0/backend/vif/7/0";

Store_image stock() {
    Store_image image = example();
    const Store_image devices = parse_dump(stock_dump).value();
    for (const auto& [path, entry] : devices.nodes)
        image.nodes[path] = entry;
    return image;
}

} // namespace

TEST_CASE("Stock devices as the drivers leave them have no finding, nor have other toolstacks'") {
    for (const auto& finding : lint(stock()))
        UNSCOPED_INFO(name(finding.rule) << " " << finding.path << ": " << finding.what);
    CHECK(lint(stock()).empty());
}

TEST_CASE("A stock device's wrong node is found") {
    const auto [node, value] = GENERATE_REF(table<std::string, std::string>({
        {vbd_back + "/mode", "rw"},
        {vbd_back + "/type", "qdisk"},
        {vbd_back + "/sectors", "big"},
        {"/local/domain/7/device/vbd/51728/virtual-device", "51712"},
        {"/local/domain/7/device/vif/0/handle", "1"},
        {vif_back + "/hotplug-status", "error"},
        {vif_back + "/frontend-id", "9"},
        {"/xvm/domain/7/vbd/51728/loop", "loop0"},
    }));
    only(with(stock(), node, value), Rule::wrong_value, node);
}

TEST_CASE("What belongs together of a stock device is missed") {
    only(without(stock(), vbd_back + "/physical-device"), Rule::missing_node, vbd_back + "/physical-device");
    only(without(stock(), "/xvm/domain/7/vif/0"), Rule::missing_directory, "/xvm/domain/7/vif/0");
    only(without(stock(), vif_back), Rule::missing_directory, vif_back);
    only(with(stock(), "/local/domain/7/device/vif/0/mac", "00:16:3e:01:02:04"), Rule::differs,
         "/local/domain/7/device/vif/0/mac");
    only(with(stock(), "/xvm/domain/7/vif/0/brigde", "br0"), Rule::unknown_node,
         "/xvm/domain/7/vif/0/brigde");
}

TEST_CASE("States that stock drivers cannot have together are found") {
    Store_image image = with(stock(), vif_back + "/state", "1");
    only(image, Rule::illegal_states, vif_back + "/state");
    CHECK(lint(with(stock(), vif_back + "/state", "5")).empty());
}
