// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/toolstack/import/imported.hpp"
#include "toolstack/import/xl_keys.hpp"

#include <set>

using namespace xvm;
using namespace xvm::import;
using namespace xvm::import::test;

namespace {

const std::string least = "name = 'web'\nmemory = 64\nkernel = '/boot/vmlinuz'\n";

std::string only_note(const std::string& more) {
    const Imported result = imported(least + more);
    const auto lines = said(result);
    INFO(more);
    REQUIRE(lines.size() == 1);
    return lines[0];
}

std::string refusal(const std::string& text) {
    const auto file = Xl_file::read(text, "/etc/xen/web.cfg");
    REQUIRE_FALSE(file);
    CHECK(file.error().fault == Fault::usage);
    return file.error().line();
}

} // namespace

TEST_CASE("Every assignment of an xl.cfg is found where it stands") {
    const auto file =
        Xl_file::read("# a; b = 1\nname = 'a;b' ; memory = 64 # c = 2; d = 3\n\n  disk = [\n 'x',\n ]\n"
                      "disk += [ 'y' ]; vcpus=2",
                      "f");
    REQUIRE(file);
    std::vector<std::string> found;
    for (const Setting& setting : file->settings())
        found.push_back(setting.name + " " + file->place(setting));
    CHECK(found == std::vector<std::string>{"name f:2:1", "memory f:2:16", "disk f:4:3", "disk f:7:1",
                                            "vcpus f:7:18"});
    CHECK(file->text("name") == "a;b");
    CHECK(file->list("disk") == std::vector<std::string>{"x", "y"});
    CHECK(file->place_of_item("disk", "x") == "f:5:3");
    CHECK(file->place_of_item("disk", "y") == "f:7:12");
}

TEST_CASE("What libxlutil does not take is refused with its place") {
    CHECK(refusal("name = 'web'\nmemory = True\n")
              .starts_with(
                  "/etc/xen/web.cfg:2:10: cannot be read near `True': lexical error; write KEY = NUMBER"));
    CHECK(refusal("import os\n").starts_with("/etc/xen/web.cfg:1:8: cannot be read near `os': syntax error"));
    CHECK(refusal("name = 'web'\nmemory = 2 * (3)\n").find("no Python") != std::string::npos);
    CHECK(refusal(std::string("name = 'w\0b'\n", 13))
              .starts_with("/etc/xen/web.cfg:1:10: there is a zero byte"));
}

TEST_CASE("The defaults are xl's, not xvm's") {
    const Imported result = imported(least);
    CHECK(said(result).empty());
    const auto guest = read_back(result);
    CHECK(guest.type == plan::Guest_type::pv);
    CHECK(guest.on_poweroff == plan::On_stop::destroy);
    CHECK(guest.on_reboot == plan::On_stop::restart);
    CHECK(guest.on_crash == plan::On_stop::destroy);
    CHECK(guest.memory_max_bytes == 64 << 20);
}

TEST_CASE("A guest of type hvm is refused, once and clearly") {
    for (const char* const line : {"type = 'hvm'\n", "builder = 'hvm'\n"}) {
        const auto note = only_note(line);
        CHECK(note.starts_with("error /etc/xen/web.cfg:4:1: "));
        CHECK(note.find("PV and PVH guests only; a Linux guest can be PVH") != std::string::npos);
    }
}

TEST_CASE("A key that xl does not know is named, with the one that was meant") {
    CHECK(only_note("memmory = 3\n") ==
          "warning /etc/xen/web.cfg:4:1: unknown key 'memmory': xl ignores it, too; did you mean 'memory'?");
    CHECK(only_note("on_fire = 'run'\n").find("xl.cfg(5) knows no such key") != std::string::npos);
}

TEST_CASE("No key of xl's is dropped in silence") {
    for (const Xl_key& key : xl_keys()) {
        if (key.treatment == Treatment::carried) continue;
        const Imported result = imported(least + std::string(key.name) + " = 'something'\n");
        INFO(key.name);
        if (key.treatment == Treatment::hvm_only) {
            CHECK(said(result).empty());
            CHECK(result.toml.find("# " + std::string(key.name) + ": for HVM") != std::string::npos);
            continue;
        }
        REQUIRE(result.notes.size() == 1);
        CHECK(result.notes[0].is_error == (key.treatment == Treatment::refused));
        CHECK(result.notes[0].what.cause.find("'" + std::string(key.name) + "'") != std::string::npos);
        CHECK((!result.notes[0].is_error || !result.notes[0].what.remedy.empty()));
    }
}

TEST_CASE("What is switched off needs nobody to carry it") {
    for (const char* const line :
         {"pci = []\n", "vfb = [ ]\n", "pvshim = 0\n", "passthrough = 'disabled'\n"}) {
        const Imported result = imported(least + line);
        CHECK(said(result).empty());
        CHECK(result.toml.find(": off, nothing to carry") != std::string::npos);
    }
}

TEST_CASE("Disks that xvm cannot serve are refused, each with a way out") {
    const auto about = [](const std::string& disk) { return only_note("disk = [ '" + disk + "' ]\n"); };
    CHECK(about("/srv/a.qcow2,qcow2,xvda,w").find("convert it: qemu-img convert -O raw /srv/a.qcow2") !=
          std::string::npos);
    CHECK(about("iscsi:/srv/a,xvda,w").find("xvm runs no scripts") != std::string::npos);
    CHECK(about("/srv/a,raw,hda,w").find("its device is 'hda'; name it xvda to xvdp") != std::string::npos);
    CHECK(about("/srv/a,raw,xvdaa,w").find("its device is 'xvdaa'") != std::string::npos);
    CHECK(about("/srv/a.iso,,xvdc,cdrom").find("xvm has no CD-ROM drive") != std::string::npos);
    CHECK(about("backend=7,vdev=xvda,target=/srv/a").find("backend domain '7'") != std::string::npos);
    CHECK(about(",empty,xvdc:cdrom,r").starts_with("warning "));
    CHECK(about("/srv/a").find("no vdev specified") != std::string::npos);
}

TEST_CASE("Old guests' partitions are carried, and so are line ends of other systems") {
    const Imported result =
        imported(least + "disk = [ 'phy:vg/root,xvda1,w' ]\r\nroot = '/dev/xvda1 ro'\r\n");
    CHECK(said(result).empty());
    CHECK(result.toml.find("dev = \"xvda1\"\nraw = \"/dev/vg/root\"") != std::string::npos);
    CHECK(result.toml.find("command_line = \"root=/dev/xvda1 ro\"\n") != std::string::npos);
}

TEST_CASE("A required key that is misspelt is told where it stands, before what has no place") {
    const Imported result = imported("memmory = 64\nkernle = '/k'\n");
    REQUIRE(result.notes.size() >= 3);
    CHECK(result.notes[0].what.line() ==
          "/etc/xen/web.cfg:1:1: unknown key 'memmory', and no 'memory'; did you mean 'memory'?");
    CHECK(result.notes[1].what.cause == "unknown key 'kernle', and no 'kernel'");
    CHECK(result.notes[2].what.object == "/etc/xen/web.cfg");
}

TEST_CASE("Network interfaces that xvm cannot serve are refused, each with a way out") {
    const auto about = [](const std::string& vif) { return only_note("vif = [ '" + vif + "' ]\n"); };
    CHECK(about("script=vif-route").find("xvm joins interfaces to bridges of dom0 only") !=
          std::string::npos);
    CHECK(about("backend=driver").find("leave it out, and name a bridge") != std::string::npos);
    CHECK(about("mac=12").find("mac cannot be '12'") != std::string::npos);
    CHECK(about("bridge=a/b").find("bridge 'a/b'") != std::string::npos);
    CHECK(about("rate=10MB/s").starts_with("warning "));
}

TEST_CASE("Sizes and processors that cannot be are refused where they stand") {
    CHECK(only_note("vcpus = 0\n").starts_with("error /etc/xen/web.cfg:4:1: 'vcpus' cannot be '0'"));
    CHECK(only_note("maxmem = 32\n").find("'maxmem' is less than 'memory'") != std::string::npos);
    CHECK(only_note("cpus = '0-3'\n").find("'0-3' is several processors") != std::string::npos);
    CHECK(only_note("on_crash = 'explode'\n").find("'on_crash' cannot be 'explode'") != std::string::npos);
    CHECK(only_note("uuid = '12'\n").find("'uuid' cannot be '12'") != std::string::npos);
}

TEST_CASE("Another name may be given, and has to be one") {
    CHECK(read_back(imported("name = 'my guest'\nmemory = 64\nkernel = '/k'\n", "mine")).name == "mine");
    const auto lines = said(imported("name = 'my guest'\nmemory = 64\nkernel = '/k'\n"));
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].find("choose another: --name web-1") != std::string::npos);
}
