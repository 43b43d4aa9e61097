// SPDX-License-Identifier: Apache-2.0
#include "toolstack/pack/image_list.hpp"

#include <catch2/catch.hpp>

using namespace xvm;
using namespace xvm::pack_tool;

TEST_CASE("An image is NAME=FILE, with a kind where one is given", "[P-3]") {
    const auto line = parse_image_line("disk=/srv/a=b.img,kind=rootfs", "build");
    REQUIRE(line);
    CHECK(line->name == "disk");
    CHECK(line->path == "/srv/a=b.img");
    CHECK(line->kind == pack::Kind::rootfs);
}

TEST_CASE("An image named as a kind is of that kind, and every other is data", "[P-3]") {
    CHECK(parse_image_line("kernel=k", "")->kind == pack::Kind::kernel);
    CHECK(parse_image_line("ramdisk=k", "")->kind == pack::Kind::ramdisk);
    CHECK(parse_image_line("vmlinuz=k", "")->kind == pack::Kind::data);
    CHECK(parse_image_line("kernel=k,kind=data", "")->kind == pack::Kind::data);
}

TEST_CASE("A mistyped image is refused in one line that says how to mend it", "[P-9]") {
    const auto line_of = [](const char* text) {
        const auto line = parse_image_line(text, "build");
        REQUIRE_FALSE(line);
        CHECK(line.error().fault == Fault::usage);
        return line.error().line();
    };
    CHECK(line_of("kernel") == "build: 'kernel' is no NAME=FILE; name the image, as in kernel=/boot/vmlinuz");
    CHECK(line_of("kernel=") == "build: 'kernel=' names no file; give NAME=FILE, as in kernel=/boot/vmlinuz");
    CHECK(line_of("a=b,kind=kernle") == "build: unknown kind 'kernle'; did you mean 'kernel'?");
    CHECK(line_of("a=b,kind=x") ==
          "build: unknown kind 'x'; kinds are data kernel ramdisk rootfs cmdline dtb");
    CHECK(line_of("a=b,knid=data") == "build: unknown attribute 'knid'; did you mean 'kind'?");
    CHECK(line_of("a=b,c") ==
          "build: unknown attribute 'c'; known is kind=KIND; a file name cannot hold a comma");
}

TEST_CASE("A list has one image a line, and its files lie beside it", "[P-3]") {
    const auto lines = parse_image_list("# a guest\n\n kernel=vmlinuz \r\nroot=/srv/root.img,kind=rootfs",
                                        "packs/boot.list");
    REQUIRE(lines);
    REQUIRE(lines->size() == 2);
    CHECK(lines->at(0).path == "packs/vmlinuz");
    CHECK(lines->at(1).path == "/srv/root.img");
    CHECK(lines->at(1).kind == pack::Kind::rootfs);
    CHECK(parse_image_list("", "l")->empty());
    CHECK(parse_image_list("a=b", "l")->at(0).path == "b");
    CHECK(parse_image_list("a=b\n\noops\n", "boot.list").error().object == "boot.list:3");
}

TEST_CASE("Sizes take K, M, G and T, and nothing else", "[P-4]") {
    CHECK(parse_bytes("0", "") == 0U);
    CHECK(parse_bytes("65536", "") == 65536U);
    CHECK(parse_bytes("64K", "") == 65536U);
    CHECK(parse_bytes("2T", "") == 2ULL << 40);
    for (const char* wrong : {"", "K", "-1", "1k", "1KB", "1 K", "0x10", "18446744073709551616", "16777216T"})
        CHECK(parse_bytes(wrong, "--disk-size").error().fault == Fault::usage);
}
