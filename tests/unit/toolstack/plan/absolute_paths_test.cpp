// SPDX-License-Identifier: Apache-2.0
#include "toolstack/plan/absolute_paths.hpp"

#include <catch2/catch.hpp>

using namespace xvm;
using namespace xvm::plan;

namespace {

/// A configuration with these words, quotes and all, where its paths are.
std::string config(const std::string& kernel, const std::string& ramdisk, const std::string& disk) {
    return R"(# caf\u00e9: é
name = "web" # é
type = "pvh"
memory = "64MiB"
kernel = )" +
           kernel + R"( # "é"
ramdisk = { pack = )" +
           ramdisk + R"(, entry = "initrd" }
[[disk]]
dev = "xvda"
pack = )" + disk +
           R"(   # shared
[[disk]]
dev = "xvdb"
raw = "/srv/data.img"
)";
}

} // namespace

TEST_CASE("Paths are written out, and nothing else of the text is changed") {
    const std::string text = config("'images/boot.pack:vmlinux'", "\"images/é.pack\"", "\"../boot.pack\"");
    const auto moved = with_absolute_paths({text, "/etc/xvm/web.toml", {}});
    REQUIRE(moved);
    CHECK(*moved == config("\"/etc/xvm/images/boot.pack:vmlinux\"", "\"/etc/xvm/images/é.pack\"",
                           "\"/etc/boot.pack\""));
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
