// SPDX-License-Identifier: Apache-2.0
#include "toolstack/plan/config.hpp"

#include "toolstack/plan/names.hpp"

#include <catch2/catch.hpp>

using namespace xvm;
using namespace xvm::plan;

namespace {

constexpr const char* good = R"(name = "web"
type = "pvh"
memory = "256MiB"
kernel = "boot.pack:vmlinux"
)";

auto parse(const std::string& toml, const std::string& name = {}) {
    return parse_config({toml, "/etc/xvm/web.toml", name});
}

/// The lines of all errors; the text itself if there is none.
std::vector<std::string> lines(const std::string& toml) {
    std::vector<std::string> all;
    if (const auto parsed = parse(toml); !parsed)
        for (const Error& error : parsed.error()) {
            CHECK(error.fault == Fault::usage);
            all.push_back(error.line());
        }
    return all;
}

std::string only_line(const std::string& toml) {
    const auto all = lines(toml);
    INFO(toml);
    REQUIRE(all.size() == 1);
    return all[0];
}

} // namespace

TEST_CASE("A configuration says what the guest is") {
    const auto guest = parse(R"(
name = "web-1"
type = "pv"
memory = "96MiB"
memory_max = "1GiB"
vcpus = 2
pin = [1, 0]
kernel = { pack = "images/boot.pack", entry = "vmlinux" }
ramdisk = "/srv/initrd.img"
command_line = "console=hvc0"

[[disk]]
dev = "xvda"
pack = "../boot.pack"

[[disk]]
dev = "xvdb"
raw = "data.img"
mode = "w"
)");
    REQUIRE(guest);
    CHECK(guest->name == "web-1");
    CHECK(guest->type == Guest_type::pv);
    CHECK(guest->memory_bytes == 96ULL << 20);
    CHECK(guest->memory_max_bytes == 1ULL << 30);
    CHECK(guest->vcpus == 2);
    CHECK(guest->pins == std::vector<unsigned>{1, 0});
    CHECK(guest->kernel.text() == "/etc/xvm/images/boot.pack:vmlinux");
    CHECK(guest->ramdisk.text() == "/srv/initrd.img");
    CHECK(guest->command_line == "console=hvc0");
    REQUIRE(guest->disks.size() == 2);
    CHECK(guest->disks[0] == Disk_config{"xvda", 51712, Disk_kind::pack, "/etc/boot.pack", false});
    CHECK(guest->disks[1] == Disk_config{"xvdb", 51728, Disk_kind::raw, "/etc/xvm/data.img", true});
}

TEST_CASE("What need not be said has a sensible value") {
    const auto guest = parse(good);
    REQUIRE(guest);
    CHECK(guest->vcpus == 1);
    CHECK(guest->memory_max_bytes == guest->memory_bytes);
    CHECK(guest->pins.empty());
    CHECK(guest->ramdisk.path.empty());
    CHECK(guest->disks.empty());
}

TEST_CASE("How much of its memory a guest keeps, and its share, is said in five keys or in a table") {
    constexpr std::uint64_t mib = 1ULL << 20;
    const std::string head = "name='a'\ntype='pv'\nkernel='k'\n";
    const auto flat = parse(head + "memory='256MiB'\nmemory_max='1GiB'\nmemory_min='96MiB'\n"
                                   "memory_weight=250\nmemory_reclaim=true\n");
    REQUIRE(flat);
    CHECK(flat->memory_bytes == 256 * mib);
    CHECK(flat->memory_max_bytes == 1024 * mib);
    CHECK(flat->memory_min_bytes == 96 * mib);
    CHECK(flat->memory_weight == 250);
    CHECK(flat->memory_reclaim);
    const auto table =
        parse(head + "[memory]\nsize='256MiB'\nmax='1GiB'\nmin='96MiB'\nweight=250\nreclaim=true\n");
    REQUIRE(table);
    CHECK(*table == *flat);

    const auto plain = parse(head + "memory='256MiB'\n");
    REQUIRE(plain);
    CHECK(plain->memory_min_bytes == 128 * mib);
    CHECK(plain->memory_weight == 100);
    CHECK_FALSE(plain->memory_reclaim);
    CHECK(parse(head + "memory='96MiB'\n")->memory_min_bytes == 64 * mib);
    CHECK(parse(head + "memory='8MiB'\n")->memory_min_bytes == 8 * mib);
}

TEST_CASE("A name given beside the file replaces the one in it, and is judged alike") {
    CHECK(parse(good, "other")->name == "other");
    CHECK(parse("type = 'pv'\nmemory = '64MiB'\nkernel = 'k'", "other")->name == "other");
    REQUIRE_FALSE(parse(good, "12"));
    CHECK(parse(good, "12").error()[0].line() ==
          "name '12': is all digits, which would be taken for a domain "
          "number; choose another, such as web-1");
}

TEST_CASE("An unknown key is refused with line, column and the key that was meant") {
    CHECK(only_line(std::string(good) + "vcpu = 2\n") ==
          "/etc/xvm/web.toml:5:1: unknown key 'vcpu'; did you mean 'vcpus'?");
    CHECK(only_line(std::string(good) + "bootloader = 'x'\n") ==
          "/etc/xvm/web.toml:5:1: unknown key 'bootloader'; see xvm.toml(5) for the keys there are");
    CHECK(only_line(std::string(good) + "extra = 'ro'\n") ==
          "/etc/xvm/web.toml:5:1: unknown key 'extra'; did you mean 'command_line'?");
    CHECK(only_line(std::string(good) + "[[disk]]\ndev = 'xvda'\n  rwa = 'x'\n") ==
          "/etc/xvm/web.toml:7:3: unknown key 'rwa' in [disk]; did you mean 'raw'?");
    CHECK(only_line("name='a'\ntype='pv'\nmemory='64MiB'\nkernel={pcak='x', entry='y'}") ==
          "/etc/xvm/web.toml:4:9: unknown key 'pcak' in [kernel]; did you mean 'pack'?");
}

TEST_CASE("A misspelt key is one error, not a missing key besides") {
    CHECK(only_line("name = 'web'\ntype = 'pvh'\nmemmory = '256MiB'\nkernel = 'k'\n") ==
          "/etc/xvm/web.toml:3:1: unknown key 'memmory'; did you mean 'memory'?");
}

TEST_CASE("All mistakes are told, in the order of the file, what is missing last") {
    CHECK(lines("type = 'pvm'\nvcpus = 0\nnmae = 'x'\nmemory = 256\n") ==
          std::vector<std::string>{
              "/etc/xvm/web.toml:1:8: 'type' cannot be 'pvm'; did you mean 'pv'?",
              "/etc/xvm/web.toml:2:9: 'vcpus' cannot be 0; give 1 to 128",
              "/etc/xvm/web.toml:3:1: unknown key 'nmae'; did you mean 'name'?",
              "/etc/xvm/web.toml:4:10: 'memory' is a whole number, not a size with its unit; write memory = "
              "\"256MiB\"",
              "/etc/xvm/web.toml: 'kernel' is missing; add kernel = \"FILE\" or \"PACK:ENTRY\"",
          });
}

TEST_CASE("A value that cannot be is refused where it stands") {
    struct Case {
        const char* line;
        const char* said;
    };
    const std::string head = "name='a'\ntype='pv'\nkernel='k'\n";
    for (const Case& one : {
             Case{"memory='256MB'", ":4:8: 'memory' cannot be '256MB'"},
             Case{"memory='6KiB'", "give a multiple of 4KiB"},
             Case{"memory='0MiB'", "give a multiple of 4KiB"},
             Case{"memory='64MiB'\nmemory_max='32MiB'", ":5:12: 'memory_max' is less than 'memory'"},
             Case{"memory='64MiB'\nmemory_min='96MiB'", ":5:12: 'memory_min' is more than 'memory'"},
             Case{"memory='64MiB'\nmemory_weight=0", ":5:15: 'memory_weight' cannot be 0; give 1 to 10000"},
             Case{"memory='64MiB'\nmemory_reclaim='yes'", "'memory_reclaim' is a text, not true or false"},
             Case{"memory_min='32MiB'\n[memory]\nsize='64MiB'",
                  ":4:12: 'memory_min' and the table [memory] exclude each other"},
             Case{"[memory]\nsize='64MiB'\nmaxx='96MiB'",
                  "unknown key 'maxx' in [memory]; did you mean 'max'?"},
             Case{"[memory]\nmax='64MiB'", "'size' is missing in [memory]"},
             Case{"memory='64MiB'\npin=[0,1]", ":5:5: 'pin' lists 2, but vcpus is 1"},
             Case{"memory='64MiB'\npin=-1", "'pin' cannot be -1; give 0 to 4095"},
             Case{"memory='64MiB'\npin='all'", "'pin' is a text, not the number of a processor"},
             Case{"memory='64MiB'\nvcpus='two'", "'vcpus' is a text, not a whole number; write vcpus = 1"},
             Case{"memory='64MiB'\ncommand_line='''a\nb'''", "'command_line' has more than one line"},
             Case{"memory='64MiB'\nramdisk='x:'", "'ramdisk' cannot be 'x:'"},
             Case{"memory='64MiB'\nramdisk={file='x',pack='y',entry='z'}",
                  "'file' and 'pack' exclude each other"},
             Case{"memory='64MiB'\nramdisk={entry='z'}", "'pack' is missing in [ramdisk]"},
             Case{"memory='64MiB'\ndisk='x'", "'disk' is a text, not a list of tables"},
             Case{"memory='64MiB'\n[[disk]]\nraw='x'", "'dev' is missing in [disk]"},
             Case{"memory='64MiB'\n[[disk]]\ndev='sda'\nraw='x'", "'dev' cannot be 'sda'; use xvda to xvdp"},
             Case{"memory='64MiB'\n[[disk]]\ndev='xvda'", "'pack' is missing in [disk]"},
             Case{"memory='64MiB'\n[[disk]]\ndev='xvda'\npack='x'\nmode='w'", "a pack is served read-only"},
             Case{"memory='64MiB'\n[[disk]]\ndev='xvda'\nraw='x'\nmode='rw'",
                  ":8:6: 'mode' cannot be 'rw'; did you mean 'r'?"},
             Case{"memory='64MiB'\n[[disk]]\ndev='xvda'\nraw='x'\n[[disk]]\ndev='xvda'\nraw='y'",
                  ":9:5: 'dev': another disk is 'xvda' already"},
             Case{"memory='64MiB'\n[[disk]]\ndev='xvda1'\nraw='x'", ":6:5: 'dev' 'xvda1' is a partition"},
             Case{"memory='64MiB'\n[[disk]]\ndev='xvda'\nraw='x'\n[[disk]]\ndev='xvda2'\nraw='y'\nbackend='"
                  "blkback'",
                  ":9:5: 'dev': 'xvda2' overlaps another disk, 'xvda'"},
             Case{"memory=64\ndisk=['phy:/dev/a,xvda,w']",
                  ":5:6: 'disk' is a list of texts, as in an xl.cfg; "
                  "make TOML of it: xvm import"},
             Case{"memory='64MiB'\nmemory='64MiB'", ":5:"},
             Case{"memory='64MiB", ":4:"},
         }) {
        const std::string line = only_line(head + one.line);
        INFO(line);
        CHECK(line.find(one.said) != std::string::npos);
        CHECK(line.starts_with("/etc/xvm/web.toml"));
    }
}

TEST_CASE("A disk's number is that of stock tools, a partition's the one behind its disk's") {
    CHECK(disk_devid("xvda") == 51712U);
    CHECK(disk_devid("xvda1") == 51713U);
    CHECK(disk_devid("xvdp15") == 51967U);
    for (const char* bad : {"", "xvd", "xvdq", "xvda0", "xvda16", "xvda01", "xvda-1", "xvdaa", "sda1"})
        CHECK_FALSE(disk_devid(bad));
    for (std::uint32_t devid = 51712; devid < 51968; ++devid)
        CHECK(disk_devid(disk_name(devid)) == devid);
    CHECK(disk_name(51968) == "51968");
    CHECK(overlap(51712, 51713));
    CHECK_FALSE(overlap(51713, 51714));
    CHECK_FALSE(overlap(51712, 51728));
}

TEST_CASE("A domain's name can be told from a number and a uuid") {
    for (const char* fine : {"a", "web-1", "7up", "a.b_c-d", "A"})
        CHECK_FALSE(domain_name_fault(fine));
    CHECK_FALSE(domain_name_fault(std::string(64, 'x')));
    for (const char* bad : {"", "-a", ".a", "a b", "a/b", "12", "Domain-0", "\xc3\xa9", "a\n",
                            "5f8e2b54-6c0e-4d0a-9a4b-2a8b7e1c9d00"})
        CHECK(domain_name_fault(bad));
    CHECK(domain_name_fault(std::string(65, 'x')));
}
