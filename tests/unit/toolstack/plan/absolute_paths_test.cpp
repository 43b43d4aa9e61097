// SPDX-License-Identifier: Apache-2.0
#include "toolstack/plan/absolute_paths.hpp"

#include <catch2/catch.hpp>

using namespace xvm;
using namespace xvm::plan;

TEST_CASE("Paths are written out, and nothing else of the text is changed") {
    const std::string text = R"(# caf\u00e9: é
name = "web" # é
type = "pvh"
memory = "64MiB"
kernel = 'images/boot.pack:vmlinux' # "é"
ramdisk = { pack = "images/é.pack", entry = "initrd" }
[[disk]]
dev = "xvda"
pack = "../boot.pack"   # shared
[[disk]]
dev = "xvdb"
raw = "/srv/data.img"
)";
    const auto moved = with_absolute_paths({text, "/etc/xvm/web.toml", {}});
    REQUIRE(moved);
    CHECK(*moved == R"(# caf\u00e9: é
name = "web" # é
type = "pvh"
memory = "64MiB"
kernel = "/etc/xvm/images/boot.pack:vmlinux" # "é"
ramdisk = { pack = "/etc/xvm/images/é.pack", entry = "initrd" }
[[disk]]
dev = "xvda"
pack = "/etc/boot.pack"   # shared
[[disk]]
dev = "xvdb"
raw = "/srv/data.img"
)");
}

TEST_CASE("A configuration that was moved is the same guest") {
    const std::string text = "name = 'w'\ntype = 'pv'\nmemory = '64MiB'\nkernel = 'a b\\c:d'\n";
    const auto before = parse_config({text, "/etc/xvm/web.toml", {}});
    const auto moved = with_absolute_paths({text, "/etc/xvm/web.toml", {}});
    REQUIRE(before);
    REQUIRE(moved);
    const auto after = parse_config({*moved, "/elsewhere/w.toml", {}});
    REQUIRE(after);
    CHECK(*before == *after);
    CHECK(with_absolute_paths({*moved, "/elsewhere/w.toml", {}}) == *moved);
}

TEST_CASE("What is no configuration is refused as ever") {
    const auto moved = with_absolute_paths({"name = 1\n", "/w.toml", {}});
    REQUIRE_FALSE(moved);
    CHECK(moved.error().front().line().starts_with("/w.toml:1:8: 'name' is a whole number"));
}
