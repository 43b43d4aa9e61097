// SPDX-License-Identifier: Apache-2.0
#include "toolstack/plan/config_place.hpp"

#include <catch2/catch.hpp>

using namespace xvm;
using namespace xvm::plan;

namespace {

constexpr std::string_view text = R"(name = "web"
memory = "64MiB"
kernel = "vmlinux"
pin = 77
[[disk]]
dev = "xvda"
raw = "a.img"
[[disk]]
dev = "xvdb"
pack = "b.pack"
[[net]]
[[net]]
bridge = "br9"
)";

std::string place(std::string object, std::string cause) {
    return place_of({text, "/g.toml", {}}, {Fault::not_found, std::move(object), std::move(cause), {}})
        .value_or("none");
}

} // namespace

TEST_CASE("What could not be had is told with its place in the configuration") {
    CHECK(place("kernel: /x/vmlinux", "cannot open") == "/g.toml:3:10");
    CHECK(place("kernel", "is cut off") == "/g.toml:3:10");
    CHECK(place("disk xvda: /x/a.img", "cannot open") == "/g.toml:7:7");
    CHECK(place("disk xvdb", "is no pack") == "/g.toml:10:8");
    CHECK(place("net 1", "bridge 'br9': there is none of that name") == "/g.toml:13:10");
    CHECK(place("domain 'web'", "the name is taken (by domain 3)") == "/g.toml:1:8");
    CHECK(place("domain 'web'", "needs 900GiB of memory, 3000MiB are free") == "/g.toml:2:10");
    CHECK(place("domain 'web'", "cannot be pinned to processor 77") == "/g.toml:4:7");
}

TEST_CASE("What stands nowhere in the configuration has no place in it") {
    CHECK(place("xvm-blkd", "not running") == "none");
    CHECK(place("domain 'web'", "did not poweroff within 1 s") == "none");
    CHECK(place("ramdisk: /x/initrd", "cannot open") == "none");
    CHECK(place("disk xvdc", "cannot open") == "none");
    CHECK(place("net 0", "bridge") == "none");
    CHECK(place("net 7", "bridge") == "none");
    CHECK(place("net x", "bridge") == "none");
    CHECK_FALSE(place_of({"kernel = ", "/g.toml", {}}, {Fault::failed, "kernel", "x", {}}));
}
