// SPDX-License-Identifier: Apache-2.0
// Patterns, dumps, and the generated constants.
#include "libvmshare/abi/store_nodes.h"
#include "xenstore-schema/dump.hpp"
#include "xenstore-schema/nodes.hpp"
#include "xenstore-schema/pattern.hpp"
#include "xenstore-schema/state_text.hpp"
#include "xenstore-schema/survey.hpp"
#include "xenstore-schema/value.hpp"

#include <catch2/catch.hpp>
#include <set>

extern "C" {
#include <xen/io/xenbus.h>
}

using namespace xvm;
using namespace xvm::schema;

TEST_CASE("State numbers are those of Xen's header") {
    CHECK(static_cast<int>(Device_state::unknown) == XenbusStateUnknown);
    CHECK(static_cast<int>(Device_state::initialising) == XenbusStateInitialising);
    CHECK(static_cast<int>(Device_state::init_wait) == XenbusStateInitWait);
    CHECK(static_cast<int>(Device_state::initialised) == XenbusStateInitialised);
    CHECK(static_cast<int>(Device_state::connected) == XenbusStateConnected);
    CHECK(static_cast<int>(Device_state::closing) == XenbusStateClosing);
    CHECK(static_cast<int>(Device_state::closed) == XenbusStateClosed);
    CHECK(XVM_STATE_CONNECTED == XenbusStateConnected);
    CHECK(XVM_STATE_CLOSED == XenbusStateClosed);
}

TEST_CASE("A state's text is its number and nothing else") {
    for (int state = 1; state <= 6; ++state)
        CHECK(text_of(state_of(std::to_string(state))) == std::to_string(state));
    for (const auto* text : {"", "0", "7", "04 ", " 4", "4x", "-1", "connected"})
        CHECK(state_of(text) == Device_state::unknown);
}

TEST_CASE("Paths are made from typed ids") {
    CHECK(xvbd::frontend::dir(Domid{7}, 3) == "/local/domain/7/device/xvbd/3");
    CHECK(xvbd::backend::dir(Domid{7}, 3) == "/local/domain/0/backend/xvbd/7/3");
    CHECK(xvbd::config::dir(Domid{7}, 3) == "/xvm/domain/7/xvbd/3");
    CHECK(xvbd::backend::root == "/local/domain/0/backend/xvbd");
    CHECK(path(xvbd::frontend::dir(Domid{7}, 3), xvbd::frontend::ring_ref(2)) ==
          "/local/domain/7/device/xvbd/3/ring-ref-2");
    CHECK(domain::home::cpu_availability(1) == "cpu/1/availability");
    const auto uuid = Uuid::parse("11111111-2222-4333-8444-555555555555");
    CHECK(domain::vm::dir(*uuid) == "/vm/11111111-2222-4333-8444-555555555555");
}

TEST_CASE("C and C++ name nodes alike") {
    CHECK(xvbd::class_name == XVM_XVBD_CLASS);
    CHECK(xvbd::frontend::protocol_value == XVM_XVBD_PROTOCOL);
    CHECK(xvbd::frontend::ring_pages == XVM_NODE_XVBD_RING_PAGES);
    CHECK(xvbd::backend::segments_max == XVM_NODE_XVBD_SEGMENTS_MAX);
}

TEST_CASE("No directory of the backend or of xvm itself can be written by a guest") {
    for (const Directory_row& row : directory_rows()) {
        INFO(row.path);
        // What a guest asks for with its own programs stands in its own part of its home.
        const bool guests =
            row.name == "frontend" || row.path.find("/{domid}/data/") != std::string_view::npos;
        CHECK((row.permissions.front().who == Who::guest) == guests);
        for (const Permission& permission : row.permissions)
            CHECK((permission.access == Access::none || permission.access == Access::read));
        if (row.path.starts_with("/xvm")) CHECK(row.permissions.size() == 1);
    }
}

TEST_CASE("Every pair of states that the protocol passes through is legal") {
    const std::set<std::pair<int, int>> expected{
        {1, 1}, {1, 2}, {1, 5}, {1, 6}, {3, 2}, {3, 4}, {3, 5}, {3, 6}, {4, 2}, {4, 4}, {4, 5},
        {4, 6}, {5, 1}, {5, 2}, {5, 4}, {5, 5}, {5, 6}, {6, 1}, {6, 2}, {6, 4}, {6, 5}, {6, 6}};
    std::set<std::pair<int, int>> pairs;
    for (int front = 0; front < 7; ++front)
        for (int back = 0; back < 7; ++back)
            if (in_mask(xvbd::legal_backends[static_cast<std::size_t>(front)], Device_state(back)))
                pairs.emplace(front, back);
    CHECK(pairs == expected);
}

TEST_CASE("A placeholder matches its kind in one spelling only") {
    const auto match = match_prefix("/a/{domid}/x-{i}", "/a/7/x-12/rest/of");
    REQUIRE(match);
    CHECK(match->bindings.get("domid") == "7");
    CHECK(match->bindings.get("i") == "12");
    CHECK(match->rest == "rest/of");
    CHECK_FALSE(match->whole);
    CHECK(fill("/b/{i}/{domid}/{devid}", match->bindings) == "/b/12/7/{devid}");
    for (const auto* path : {"/a/07/x-1", "/a/+7/x-1", "/a/7/x-", "/a/7/x-01", "/a/7", "/a/32752/x-1",
                             "/b/7/x-1", "/a/7/x-4294967296"})
        CHECK_FALSE(match_prefix("/a/{domid}/x-{i}", path));
    CHECK_FALSE(match_prefix("/a/{domid}/{domid}", "/a/7/8"));
    CHECK(is_parent_of("/a/7", "/a/{domid}/x"));
    CHECK_FALSE(is_parent_of("/a/7/x", "/a/{domid}/x"));
}

TEST_CASE("A guest's text is shown harmless") {
    CHECK(quoted("\x1b[2Jx") == "\"\\x1b[2Jx\"");
    CHECK(quoted("\"\\\xc2\x9b") == "\"\\x22\\x5c\\xc2\\x9b\"");
    CHECK(quoted(std::string(100, 'a')) == "\"" + std::string(60, 'a') + "\"...");
}

TEST_CASE("A dump is read as xenstore-ls prints it") {
    const auto image =
        parse_dump("/a = \"x\"   (n0,r7)\n/a/b = \"say \"hi\" \\\\ \\n\\001\" . . . .  (b9)\n\n/c = \"\"\n");
    REQUIRE(image);
    CHECK(image->nodes.size() == 3);
    CHECK(image->find("/a")->permissions ==
          std::vector<Domid_permission>{{Domid{0}, Access::none}, {Domid{7}, Access::read}});
    CHECK(image->find("/a/b")->value == "say \"hi\" \\ \n\x01");
    CHECK(image->find("/a/b")->permissions == std::vector<Domid_permission>{{Domid{9}, Access::both}});
    CHECK_FALSE(image->find("/c")->permissions);
}

TEST_CASE("A dump that is none is refused with its line") {
    for (const auto* text :
         {"a = \"x\"", "/a", "/a = x", "/a = \"", "/a = \"x\" (q0)", "/a = \"x\" (n0", "/a = \"x\" ()",
          "/a = \"x\" (n0,)", "/a = \"x\" rubbish", "/a = \"\"\n/a = \"\""}) {
        INFO(text);
        const auto image = parse_dump(text);
        REQUIRE_FALSE(image);
        CHECK(image.error().fault == Fault::usage);
        CHECK(image.error().object.starts_with("line "));
    }
}
