// SPDX-License-Identifier: Apache-2.0
// Who serves a disk, and network interfaces, as configurations say them.
#include "toolstack/plan/config.hpp"
#include "toolstack/plan/config_json.hpp"
#include "toolstack/plan/names.hpp"

#include <catch2/catch.hpp>

using namespace xvm;
using namespace xvm::plan;

namespace {

const std::string good = R"(name = "web"
type = "pvh"
memory = "256MiB"
kernel = "vmlinux"
)";

auto parse(const std::string& more) {
    static std::string text;
    text = good + more;
    return parse_config({text, "/etc/xvm/web.toml", {}});
}

std::string only_line(const std::string& more) {
    const auto parsed = parse(more);
    INFO(more);
    REQUIRE_FALSE(parsed);
    REQUIRE(parsed.error().size() == 1);
    CHECK(parsed.error()[0].fault == Fault::usage);
    return parsed.error()[0].line();
}

} // namespace

TEST_CASE("A disk is served by xvm-blkd unless it says otherwise") {
    const auto guest = parse(R"([[disk]]
dev = "xvda"
raw = "a.img"
[[disk]]
dev = "xvdb"
raw = "b.img"
backend = "blkback"
)");
    REQUIRE(guest);
    CHECK(guest->disks[0].backend == Disk_backend::xvm);
    CHECK(guest->disks[1].backend == Disk_backend::blkback);
    CHECK(from_value<Guest_config>(to_object(*guest), "guest").value() == *guest);
}

TEST_CASE("An interface has the bridge it names, and an address that stays the same") {
    const auto guest = parse(R"([[net]]
bridge = "br0"
[[net]]
bridge = "br1"
mac = "00:16:3E:AA:bb:cc"
)");
    REQUIRE(guest);
    REQUIRE(guest->nets.size() == 2);
    CHECK(guest->nets[0] == Net_config{0, made_up_mac("web", 0), "br0"});
    CHECK(guest->nets[1] == Net_config{1, "00:16:3e:aa:bb:cc", "br1"});
    CHECK(from_value<Guest_config>(to_object(*guest), "guest").value() == *guest);
}

TEST_CASE("A made-up address is one of Xen's, of one interface, another for each") {
    CHECK(made_up_mac("web", 0) == made_up_mac("web", 0));
    CHECK(made_up_mac("web", 0) != made_up_mac("web", 1));
    CHECK(made_up_mac("web", 0) != made_up_mac("mail", 0));
    CHECK(made_up_mac("web", 0).starts_with("00:16:3e:"));
    CHECK(parse_mac(made_up_mac("web", 0)) == made_up_mac("web", 0));
}

TEST_CASE("What is no address of one interface is refused") {
    CHECK(parse_mac("00:16:3e:01:02:03"));
    for (const char* text :
         {"", "00:16:3e:01:02", "00:16:3e:01:02:0g", "00-16-3e-01-02-03", "01:16:3e:01:02:03",
          "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "00:16:3e:01:02:030"})
        CHECK_FALSE(parse_mac(text));
}

TEST_CASE("Mistakes about devices are told where they stand") {
    CHECK(only_line("[[disk]]\ndev = \"xvda\"\nraw = \"a\"\nbackend = \"blkbak\"\n") ==
          "/etc/xvm/web.toml:8:11: 'backend' cannot be 'blkbak'; did you mean 'blkback'?");
    CHECK(only_line("[[disk]]\ndev = \"xvda\"\npack = \"a\"\nbackend = \"blkback\"\n") ==
          "/etc/xvm/web.toml:8:11: 'backend' cannot be 'blkback': the kernel knows no packs; leave it out, "
          "or use "
          "raw = \"FILE\"");
    CHECK(only_line("[net]\nbridge = \"br0\"\n").find("[[net]] with two brackets") != std::string::npos);
    CHECK(only_line("[[net]]\n").find("'bridge' is missing in [net]; add bridge = \"br0\"") !=
          std::string::npos);
    CHECK(only_line("[[net]]\nbrigde = \"br0\"\n").find("did you mean 'bridge'?") != std::string::npos);
    CHECK(only_line("[[net]]\nbridge = \"a-name-with-too-many-letters\"\n").find("longer than 15") !=
          std::string::npos);
    CHECK(only_line("[[net]]\nbridge = \"br0\"\nmac = \"00:16:3e\"\n").find("'mac' cannot be '00:16:3e'") !=
          std::string::npos);
    CHECK(only_line("[[net]]\nbridge = \"br0\"\nmac = \"00:16:3e:00:00:01\"\n[[net]]\nbridge = \"br0\"\n"
                    "mac = \"00:16:3e:00:00:01\"\n")
              .find("another interface has") != std::string::npos);
}
