// SPDX-License-Identifier: Apache-2.0
#include "backends/block/image.hpp"
#include "libvmshare/base/file.hpp"
#include "tests/unit/backends/pack_file.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <fcntl.h>

using namespace xvm;
using namespace xvm::block;
using test::Temporary_file;

TEST_CASE("What is written to a raw image is read back, also after it was opened again", "[disk]") {
    const Temporary_file file(64 * 1024);
    std::array<std::byte, 4096> data, back{};
    data.fill(std::byte{0xa5});
    {
        const auto image = Image::open_raw(file.path(), false);
        REQUIRE(image);
        CHECK(image->sectors() == 128);
        CHECK_FALSE(image->read_only());
        REQUIRE(image->write(8192, data));
        REQUIRE(image->flush());
    }
    const auto image = Image::open_raw(file.path(), true);
    REQUIRE(image);
    REQUIRE(image->read(8192, back));
    CHECK(back == data);
}

TEST_CASE("A file that is no whole number of sectors, or empty, is no disk", "[disk]") {
    for (const unsigned bytes : {0u, 1u, 511u, 513u}) {
        const Temporary_file file(bytes);
        const auto image = Image::open_raw(file.path(), true);
        REQUIRE_FALSE(image);
        CHECK(image.error().fault == Fault::usage);
    }
    CHECK(Image::open_raw("/nowhere/disk.img", true).error().fault == Fault::not_found);
    CHECK_FALSE(Image::open_raw("/dev/null", true));
}

TEST_CASE("A file that a guest writes is nobody else's disk", "[disk]") {
    const Temporary_file file(4096);
    auto writer = Image::open_raw(file.path(), false);
    REQUIRE(writer);
    CHECK(Image::open_raw(file.path(), false).error().fault == Fault::busy);
    CHECK(Image::open_raw(file.path(), true).error().fault == Fault::busy);
    writer = Image::open_raw("/nowhere", true); // the first one closes
    const auto reader = Image::open_raw(file.path(), true);
    REQUIRE(reader);
    CHECK(Image::open_raw(file.path(), true));
    CHECK(Image::open_raw(file.path(), false).error().fault == Fault::busy);
}

TEST_CASE("A file that shrinks under its guest gives errors, not rubbish", "[disk]") {
    const Temporary_file file(8192);
    const auto image = Image::open_raw(file.path(), true);
    REQUIRE(image);
    REQUIRE(::truncate(file.path().c_str(), 4096) == 0);
    std::array<std::byte, 4096> back{};
    CHECK(image->read(0, back));
    CHECK_FALSE(image->read(4096, back));
}

TEST_CASE("A file that is no pack is refused by the pack's name", "[P-10]") {
    const Temporary_file file(1 << 20);
    Packs packs;
    const auto image = packs.open(file.path());
    REQUIRE_FALSE(image);
    CHECK(image.error().line().find(file.path()) != std::string::npos);
    CHECK(packs.open_files() == 0);
}

TEST_CASE("A pack is opened once, however many guests read it, and nobody writes it", "[P-6]") {
    const test::Pack_file pack(100'000);
    Packs packs;
    auto first = packs.open(pack.path());
    REQUIRE(first);
    auto second = packs.open(pack.path());
    REQUIRE(second);
    CHECK(packs.open_files() == 1);
    CHECK(first->read_only());
    CHECK(first->sectors() == pack.disk_bytes() / 512);
    CHECK(second->sectors() == first->sectors());
    CHECK(Image::open_raw(pack.path(), false).error().fault == Fault::busy);
    first = packs.open("/nowhere");
    second = packs.open("/nowhere");
    CHECK(packs.open_files() == 0);
    CHECK(Image::open_raw(pack.path(), false));
}
