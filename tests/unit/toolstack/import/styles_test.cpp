// SPDX-License-Identifier: Apache-2.0
// Configurations as people write them for xl, in the shapes of Xen's examples, of xl.cfg(5), of installers
// and of files that have been handed down since xm: what xvm reads back is what xl would start.
#include "tests/unit/toolstack/import/imported.hpp"

using namespace xvm;
using namespace xvm::import::test;
using plan::Disk_config;
using plan::Disk_kind;
using plan::Guest_config;
using plan::Guest_type;
using plan::On_stop;

namespace {

constexpr std::uint64_t mebibyte = 1 << 20;

struct Style {
    const char* name;
    const char* xl;
    std::vector<std::string> warnings; ///< what each begins with
    void (*check)(const Guest_config& guest);
};

const Style styles[]{
    {"Xen's example for PV",
     R"(
# =====
name = "example.pvlinux"
#uuid = "XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX"
kernel = "/boot/vmlinuz"
#ramdisk = "/boot/initrd.gz"
extra = "root=/dev/xvda1"
memory = 128
vcpus = 2
vif = [ '' ]
disk = [ '/dev/vg/guest-volume,raw,xvda,rw' ]
)",
     {},
     [](const Guest_config& guest) {
         CHECK(guest.name == "example.pvlinux");
         CHECK(guest.type == Guest_type::pv);
         CHECK(guest.memory_bytes == 128 * mebibyte);
         CHECK(guest.vcpus == 2);
         CHECK(guest.kernel.text() == "/boot/vmlinuz");
         CHECK(guest.ramdisk.path.empty());
         CHECK(guest.command_line == "root=/dev/xvda1");
         REQUIRE(guest.disks.size() == 1);
         CHECK(guest.disks[0] == Disk_config{"xvda", 51712, Disk_kind::raw, "/dev/vg/guest-volume", true,
                                             plan::Disk_backend::blkback});
         REQUIRE(guest.nets.size() == 1);
         CHECK(guest.nets[0].bridge == "xenbr0");
     }},
    {"Xen's example for PVH",
     R"(
type = "pvh"
name = "example.pvhlinux"
kernel = "/boot/vmlinuz"
extra = "root=/dev/xvda1"
memory = 512
vcpus = 4
vif = [ '' ]
disk = [ '/dev/zvol/tank/guest-volume,raw,xvda,rw' ]
)",
     {},
     [](const Guest_config& guest) {
         CHECK(guest.type == Guest_type::pvh);
         CHECK(guest.memory_bytes == 512 * mebibyte);
         CHECK(guest.vcpus == 4);
     }},
    {"handed down since xm",
     R"(
#  -*- mode: python; -*-
kernel      = '/boot/vmlinuz-2.6.32-5-xen-amd64'
ramdisk     = '/boot/initrd.img-2.6.32-5-xen-amd64'
vcpus       = '1'
memory      = '256'
root        = '/dev/xvda ro'
disk        = [
                  'phy:/dev/vg0/old-disk,xvda,w',
                  'phy:/dev/vg0/old-swap,xvdb,w',
              ]
name        = 'old.example.org'
on_poweroff = 'destroy'
on_reboot   = 'restart'
on_crash    = 'restart'
)",
     {},
     [](const Guest_config& guest) {
         CHECK(guest.command_line == "root=/dev/xvda ro");
         CHECK(guest.on_crash == On_stop::restart);
         REQUIRE(guest.disks.size() == 2);
         CHECK(guest.disks[1].path == "/dev/vg0/old-swap");
     }},
    {"all on one line",
     "name='a';memory=64;kernel='/k';vcpus=2;cpus=['1','0']",
     {},
     [](const Guest_config& guest) {
         CHECK(guest.pins == std::vector<unsigned>{1, 0});
     }},
    {"root and extra, with quotes in them",
     R"(
name = "quoting"
memory = 64
kernel = "/k"
root = "/dev/xvda1 ro"
extra = 'console=hvc0 init="/bin/sh" # no comment; no=statement'
)",
     {},
     [](const Guest_config& guest) {
         CHECK(guest.command_line ==
               "root=/dev/xvda1 ro console=hvc0 init=\"/bin/sh\" # no comment; no=statement");
     }},
    {"disks with every word named",
     R"(
name = "named"
memory = 64
kernel = "/k"
disk = [ "format=raw, vdev=xvda, access=rw, target=/srv/a, b.img",
         "vdev=xvdb,access=ro,target=/srv/c.img" ]
)",
     {},
     [](const Guest_config& guest) {
         REQUIRE(guest.disks.size() == 2);
         CHECK(guest.disks[0].path == "/srv/a, b.img");
         CHECK(guest.disks[0].writable);
         CHECK_FALSE(guest.disks[1].writable);
     }},
    {"file: and a read-only disk",
     R"(
name = "files"
memory = 64
kernel = "/k"
disk = [ 'file:/srv/a.img,xvda,w', 'file:/srv/b.img,xvdb,r' ]
)",
     {},
     [](const Guest_config& guest) {
         REQUIRE(guest.disks.size() == 2);
         CHECK(guest.disks[0].path == "/srv/a.img");
         CHECK_FALSE(guest.disks[1].writable);
     }},
    {"to grow later",
     "name = 'grows'\nkernel = '/k'\nmemory = 256\nmaxmem = 1024\nvcpus = 2\nmaxvcpus = 4\n",
     {"/etc/xen/web.cfg:6:1: 'maxvcpus' is left out"},
     [](const Guest_config& guest) {
         CHECK(guest.memory_bytes == 256 * mebibyte);
         CHECK(guest.memory_max_bytes == 1024 * mebibyte);
         CHECK(guest.vcpus == 2);
     }},
    {"with a scheduler's wishes and a screen",
     R"(
name = "wishes"
memory = 64
kernel = "/k"
cpu_weight = 512
cap = 50
vfb = [ 'type=vnc,vncdisplay=1' ]
vnc = 0
boot = "c"
)",
     {"/etc/xen/web.cfg:5:1: 'cpu_weight' is left out", "/etc/xen/web.cfg:6:1: 'cap' is left out",
      "/etc/xen/web.cfg:7:1: 'vfb' is left out"},
     [](const Guest_config& guest) { CHECK(guest.name == "wishes"); }},
    {"on two bridges",
     R"(
name = "nets"
memory = 64
kernel = "/k"
vif = [ 'mac=00:16:3E:00:00:01, bridge=br0,script=vif-bridge', 'bridge=br1, model=e1000' ]
)",
     {"/etc/xen/web.cfg:5:77: vif 'bridge=br1, model=e1000': 'model=e1000' is left out"},
     [](const Guest_config& guest) {
         REQUIRE(guest.nets.size() == 2);
         CHECK(guest.nets[0].mac == "00:16:3e:00:00:01");
         CHECK(guest.nets[0].bridge == "br0");
         CHECK(guest.nets[1].bridge == "br1");
     }},
    {"grown line by line",
     R"(
name = "grown"
memory = 64
memory = 128
kernel = "/k"
disk = [ '/srv/a,raw,xvda,w' ]
disk += [ '/srv/b,raw,xvdb,w' ]
)",
     {"/etc/xen/web.cfg:4:1: 'memory' is set again"},
     [](const Guest_config& guest) {
         CHECK(guest.memory_bytes == 128 * mebibyte);
         CHECK(guest.disks.size() == 2);
     }},
    {"cmdline instead of root and extra",
     R"(
name = "cmdline"
builder = "generic"
memory = 64
kernel = "/k"
cmdline = "console=hvc0"
root = "/dev/xvda"
cpus = "all"
pci = []
)",
     {"/etc/xen/web.cfg:7:1: 'root' is left out: xl too takes 'cmdline' alone"},
     [](const Guest_config& guest) {
         CHECK(guest.command_line == "console=hvc0");
         CHECK(guest.pins.empty());
     }},
    {"a kernel beside it, on one processor",
     "name='near'\nmemory=64\nkernel='vmlinuz'\nvcpus=2\ncpus='3'\n"
     "on_crash='coredump-restart'\non_poweroff='preserve'\n",
     {"/etc/xen/web.cfg:3:1: 'kernel' is a relative path",
      "/etc/xen/web.cfg:6:1: 'on_crash' becomes \"restart\": no core is dumped"},
     [](const Guest_config& guest) {
         CHECK(guest.kernel.text() == "/etc/xen/vmlinuz");
         CHECK(guest.pins == std::vector<unsigned>{3, 3});
         CHECK(guest.on_poweroff == On_stop::preserve);
         CHECK(guest.on_crash == On_stop::restart);
     }},
    {"a path that looks like a pack and its entry",
     "name='colon'\ntype='pvh'\nmemory=64\nkernel='/boot/a:b'\nramdisk='/boot/c d'\n",
     {},
     [](const Guest_config& guest) {
         CHECK(guest.kernel.path == "/boot/a:b");
         CHECK(guest.kernel.entry.empty());
         CHECK(guest.ramdisk.path == "/boot/c d");
     }},
};

} // namespace

TEST_CASE("Configurations in the styles that people write are read back as xl means them") {
    for (const Style& style : styles) {
        INFO(style.name);
        const auto result = imported(style.xl);
        CHECK_FALSE(result.has_errors());
        const auto lines = said(result);
        CHECK(lines.size() == style.warnings.size());
        for (std::size_t i = 0; i < std::min(lines.size(), style.warnings.size()); ++i) {
            INFO(lines[i]);
            CHECK(lines[i].starts_with("warning " + style.warnings[i]));
        }
        style.check(read_back(result));
    }
}
