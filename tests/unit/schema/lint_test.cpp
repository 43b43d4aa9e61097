// SPDX-License-Identifier: Apache-2.0
// Each rule of the linter: the example is clean, its broken twin yields exactly that finding.
#include "tests/unit/schema/example.hpp"
#include "tests/unit/schema/only.hpp"

using namespace xvm;
using namespace xvm::schema;

TEST_CASE("A store that keeps to the schema has no finding") {
    for (const auto& finding : lint(example()))
        UNSCOPED_INFO(name(finding.rule) << " " << finding.path << ": " << finding.what);
    CHECK(lint(example()).empty());
    CHECK(lint({}).empty());
}

TEST_CASE("An unknown node is found once, at its top, and the known name is offered") {
    auto image = with(front + "/ring-pagse", "1");
    only(image, Rule::unknown_node, front + "/ring-pagse");
    CHECK(only(image).remedy == "did you mean 'ring-pages'?");
    CHECK(only(with(front + "/ring-rfe-1", "1")).remedy == "did you mean 'ring-ref-1'?");
    CHECK(only(with(home + "/memory/targt", "1")).remedy == "did you mean 'target'?");
    CHECK(only(with(home + "/device/xvbb", "")).remedy == "did you mean 'xvbd'?");
    image = with("/xvm/domains", "");
    image.nodes["/xvm/domains/7/uuid"].value = "x";
    image.nodes["/xvm/domains/7"].value = "";
    only(image, Rule::unknown_node, "/xvm/domains");
    only(with("/local/domain/0/backend/xvbd/abc", ""), Rule::unknown_node,
         "/local/domain/0/backend/xvbd/abc");
    only(with("/local/domain/7/device/xvbd/01", ""), Rule::unknown_node, "/local/domain/7/device/xvbd/01");
}

TEST_CASE("What guests keep in their own directories is not judged") {
    CHECK(lint(with(home + "/data/x", std::string("\x01\xff", 2))).empty());
    CHECK(lint(with("/local/domain/9/anything", "at all")).empty());
    CHECK(lint(with("/local/domain/0/device-model", "")).empty());
    CHECK(lint(with("/libxl/9/whatever", "")).empty());
}

TEST_CASE("A value of the wrong type, out of range or not what the path says is found") {
    const auto [node, value] = GENERATE_REF(table<std::string, std::string>({
        {front + "/ring-pages", "3"},
        {front + "/event-channel", "0"},
        {front + "/event-channel", "x"},
        {front + "/ring-ref-0", "-1"},
        {front + "/ring-ref-1", "4294967296"},
        {front + "/state", "4 "},
        {front + "/protocol", "xvm-blk-2"},
        {front + "/backend", "/local/domain/0/backend/xvbd/7/1"},
        {front + "/backend-id", "1"},
        {back + "/ring-pages-max", "17"},
        {back + "/online", "2"},
        {back + "/sector-bytes", "4096"},
        {back + "/frontend-id", "9"},
        {back + "/error", ""},
        {home + "/domid", "9"},
        {"/vm/11111111-2222-4333-8444-555555555555/name", "two\nlines"},
        {home + "/control/shutdown", "explode"},
        {home + "/device", "7"},
        {config + "/kind", "qcow2"},
        {config + "/path", "web.pack"},
        {"/libxl/7/type", "hvm"},
    }));
    only(with(node, value), Rule::wrong_value, node);
}

TEST_CASE("A finding names who writes the node, and its row in the schema") {
    const Finding finding = only(with(front + "/ring-pages", "3"));
    CHECK(finding.what == "\"3\" is none of 1 2 4 8 16");
    CHECK(finding.writer == "frontend");
    CHECK(finding.why.starts_with("xvbd.toml: frontend/ring-pages: "));
    CHECK(finding.severity == Severity::error);
}

TEST_CASE("Two nodes that must say the same and do not are found") {
    only(with(back + "/mode", "w"), Rule::differs, back + "/mode");
    only(with(front + "/dev", "xvdb"), Rule::differs, front + "/dev");
    only(with("/xvm/domain/7/name", "other"), Rule::differs, "/xvm/domain/7/name");
}

TEST_CASE("Wrong permissions are found, inherited ones once") {
    auto image = example();
    image.nodes[config + "/path"].permissions = {{dom0, Access::none}, {Domid{7}, Access::read}};
    only(image, Rule::wrong_permissions, config + "/path");
    CHECK(only(image).what == "(n0,r7) instead of (n0)");

    image = example();
    for (auto& [path, entry] : image.nodes)
        if (at_or_below(path, back)) entry.permissions = {{dom0, Access::read}};
    only(image, Rule::wrong_permissions, back);

    image = example();
    image.nodes[front].permissions = {{Domid{7}, Access::read}, {dom0, Access::read}};
    only(image, Rule::wrong_permissions, front);

    image = example();
    image.nodes[home + "/memory"].permissions = {{Domid{7}, Access::none}};
    only(image, Rule::wrong_permissions, home + "/memory");

    image = example();
    for (auto& [path, entry] : image.nodes)
        entry.permissions.reset(); // a dump without them
    CHECK(lint(image).empty());
}

TEST_CASE("A node that must be there in that state and is not is found") {
    const auto node =
        GENERATE_COPY(front + "/event-channel", front + "/ring-ref-1", front + "/ring-features",
                      front + "/state", back + "/sectors", back + "/feature-flush", back + "/online",
                      config + "/mode", home + "/memory/static-max", home + "/device/xvbd/0/backend",
                      home + "/control/shutdown", std::string("/libxl/7/type"));
    only(without(example(), node), Rule::missing_node, node);
}

TEST_CASE("What a state does not need may be missing in it") {
    Store_image image = with(back + "/state", "2");
    image.nodes[front + "/state"].value = "1";
    for (const auto* node :
         {"/ring-pages", "/ring-ref-0", "/ring-ref-1", "/event-channel", "/ring-features", "/protocol"})
        image = without(image, front + node);
    for (const auto* node : {"/sectors", "/sector-bytes"})
        image = without(image, back + node);
    CHECK(lint(image).empty());
    only(without(image, back + "/protocol"), Rule::missing_node, back + "/protocol");
}

TEST_CASE("A grant beyond the ring's pages is found") {
    only(with(front + "/ring-ref-2", "10"), Rule::surplus_node, front + "/ring-ref-2");
}

TEST_CASE("A pair of states that cannot be is found") {
    Store_image image = with(back + "/state", "3");
    only(image, Rule::illegal_states, back + "/state");
    image = with(front + "/state", "1");
    only(image, Rule::illegal_states, back + "/state");
    for (const auto* state : {"2", "5", "6"})
        CHECK(lint(with(back + "/state", state)).empty());
}

TEST_CASE("A device that lacks one of its directories is found") {
    only(without(example(), front), Rule::missing_directory, front);
    only(without(example(), back), Rule::missing_directory, back);
    // Without the private directory the mode has nothing to agree with.
    only(without(example(), config), Rule::missing_directory, config);
}

TEST_CASE("A domain that lacks one of its directories is found") {
    only(without(example(), "/libxl/7"), Rule::missing_directory, "/libxl/7");
    const std::string vm = "/vm/11111111-2222-4333-8444-555555555555";
    only(without(example(), vm), Rule::missing_directory, vm);
}

TEST_CASE("What a dead domain left is found once a directory, and not judged further") {
    Store_image image = with(front + "/ring-pages", "nonsense");
    image.live->erase(Domid{7});
    const auto findings = lint(image);
    std::vector<std::string> paths;
    for (const auto& finding : findings) {
        CHECK(name(finding.rule) == "leftover");
        paths.push_back(finding.path);
    }
    CHECK(paths == std::vector<std::string>{"/libxl/7", "/local/domain/0/backend/xvbd/7", "/local/domain/7",
                                            "/vm/11111111-2222-4333-8444-555555555555", "/xvm/domain/7"});

    image = example();
    image.nodes["/local/domain/0/backend/xvbd/8"].value = "";
    only(image, Rule::leftover, "/local/domain/0/backend/xvbd/8");
    image = example();
    image.nodes["/local/domain/8"].value = "";
    CHECK(only(image).severity == Severity::warning); // whose it was cannot be said
    image = example();
    image.nodes["/vm/88888888-2222-4333-8444-555555555555"].value = "";
    only(image, Rule::leftover, "/vm/88888888-2222-4333-8444-555555555555");
}

TEST_CASE("Without knowing who lives nothing counts as a dead domain's") {
    Store_image image = example();
    image.live.reset();
    CHECK(lint(image).empty());
}

TEST_CASE("A number that Xen gave out again inherits nothing") {
    Store_image image = without(without(example(), front), back);
    image.nodes[home + "/vm"].value = "/vm/99999999-2222-4333-8444-555555555555";
    image = without(image, "/vm/11111111-2222-4333-8444-555555555555");
    only(image, Rule::leftover, "/xvm/domain/7");
}
