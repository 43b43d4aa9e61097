// SPDX-License-Identifier: Apache-2.0
// What was written by another version: older files read as if nobody had set what came later.
#include "toolstack/plan/config_json.hpp"

#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

using namespace xvm;
using namespace xvm::plan;
namespace json = boost::json;

namespace {

/// As 0.1.0 kept a guest first. It stays as it is: such files are out there.
constexpr const char* first_version = R"({"name":"web","type":"pv","memory_bytes":268435456,
"memory_max_bytes":536870912,"vcpus":2,"pins":[0,1],"kernel":{"path":"/boot.pack","entry":"vmlinux"},
"ramdisk":{"path":"","entry":""},"command_line":"console=hvc0","disks":[{"dev":"xvda","devid":51712,
"kind":"raw","path":"/web.img","writable":true,"backend":"xvm"}],"nets":[{"devid":0,
"mac":"00:16:3e:01:02:03","bridge":"br0"}],"on_poweroff":"destroy","on_reboot":"restart",
"on_crash":"preserve"})";

} // namespace

TEST_CASE("A guest as the first version kept it can be read") {
    const auto guest = from_value<Guest_config>(json::parse(first_version), "web.saved");
    REQUIRE(guest);
    CHECK(guest->pins == std::vector<unsigned>{0, 1});
    CHECK(guest->disks.at(0).path == "/web.img");
    CHECK(guest->memory_min_bytes == memory_min_default(256ULL << 20));
    CHECK(guest->memory_weight == memory_weight_ordinary);
    CHECK(guest->changes == Guest_changes{});
}

TEST_CASE("What a newer version wrote is refused by the word that is not known") {
    json::value value = json::parse(first_version);
    SECTION("of the guest") {
        value.as_object()["turbo"] = true;
    }
    SECTION("of a part of it") {
        value.at("disks").at(0).as_object()["turbo"] = 7;
    }
    const auto guest = from_value<Guest_config>(value, "web.saved");
    REQUIRE_FALSE(guest);
    CHECK(guest.error().line() ==
          "web.saved: has 'turbo', which this version does not know; it was written by a newer version: use "
          "that one");
}

TEST_CASE("What the first version had already is not made up") {
    json::value value = json::parse(first_version);
    SECTION("of the guest") {
        value.as_object().erase("vcpus");
    }
    SECTION("of a part of it") {
        value.at("disks").at(0).as_object().erase("path");
    }
    SECTION("of another type") {
        value.as_object()["vcpus"] = "two";
    }
    CHECK_FALSE(from_value<Guest_config>(value, "web.saved"));
}

TEST_CASE("What this version writes it reads") {
    auto guest = from_value<Guest_config>(json::parse(first_version), "web.saved");
    REQUIRE(guest);
    guest->changes = {128ULL << 20, 1, {{1, true, {0, 2}}}};
    CHECK(from_value<Guest_config>(to_object(*guest), "web.saved") == *guest);
}
