// SPDX-License-Identifier: Apache-2.0
// Disks that lie about what they hold, and directories that are traps.
#include "tests/unit/libvmshare/pack/craft.hpp"
#include "tests/unit/libvmshare/pack/scratch.hpp"

#include "libvmshare/pack/extract.hpp"
#include "libvmshare/pack/reader.hpp"

#include <sys/stat.h>
#include <unistd.h>

using namespace xvm;
using namespace xvm::pack;
using namespace xvm::pack::test;

namespace {

struct Fixture {
    Scratch scratch;
    std::vector<std::uint64_t> sizes{5000, 0, 40000, 4096, 1};
    std::string pack = scratch.path("boot.pack");

    Fixture() {
        std::vector<Input> inputs;
        for (std::size_t at = 0; at < sizes.size(); ++at) {
            const std::string name = "image" + std::to_string(at + 1);
            inputs.push_back(
                {name, scratch.write(name, std::string(sizes[at], static_cast<char>('a' + at))), Kind::data});
        }
        build(pack, inputs);
        std::filesystem::create_directory(scratch.path("target"));
    }
    void overwrite(std::uint64_t at, char c) const {
        const auto fd = open_file(pack, O_WRONLY);
        REQUIRE(fd);
        REQUIRE(write_exactly(fd->get(), std::as_bytes(std::span(&c, 1)), at, pack));
    }
    [[nodiscard]] Status extract_into_target(const std::string& name,
                                             Existing existing = Existing::keep) const {
        XVM_TRY_LET(const Reader reader, Reader::open(pack));
        XVM_TRY_LET(const Image* const image, reader.find(name));
        XVM_TRY_LET(const Unique_fd directory, open_file(scratch.path("target"), O_RDONLY | O_DIRECTORY));
        return extract(reader, *image, directory.get(), "target", existing, ignore_progress);
    }
};

} // namespace

TEST_CASE("A disk cut at any 4 KiB boundary names the first incomplete image", "[P-11]") {
    const Fixture fixture;
    const auto offsets = offsets_by_rule(fixture.sizes);
    unsigned cuts = 0;
    for (std::uint64_t length = offsets.back() - 4096;; length -= 4096) {
        REQUIRE(::truncate(fixture.pack.c_str(), static_cast<off_t>(length)) == 0);
        const auto reader = Reader::open(fixture.pack);
        REQUIRE_FALSE(reader);
        const std::string line = reader.error().line();
        INFO(length << ": " << line);
        ++cuts;
        CHECK(reader.error().fault == Fault::failed);
        CHECK(line.find(fixture.pack) == 0);
        if (length >= 65536) {
            std::size_t first = fixture.sizes.size();
            for (std::size_t at = fixture.sizes.size(); at-- > 0;)
                if (fixture.sizes[at] > 0 && offsets[at] + fixture.sizes[at] > length) first = at;
            CHECK(line.find("'image" + std::to_string(first + 1) + "' is the first incomplete one") !=
                  std::string::npos);
        } else if (length > 0) {
            CHECK(line.find("ends inside its index") != std::string::npos);
        } else {
            CHECK(line.find("is no pack") != std::string::npos);
            break;
        }
    }
    WARN("disks cut: " << cuts << ", each refused");
}

TEST_CASE("A changed byte of an image is found, and no file appears", "[P-3][P-10]") {
    const Fixture fixture;
    fixture.overwrite(offsets_by_rule(fixture.sizes)[2] + 39999, 'X');
    const auto status = fixture.extract_into_target("image3");
    REQUIRE_FALSE(status);
    CHECK(status.error().line().find("image 'image3' is corrupt") != std::string::npos);
    CHECK(fixture.scratch.list("target").empty());
    CHECK(fixture.extract_into_target("image1")); // the others are as good as before
}

TEST_CASE("Padding that is not zero is found, with its offset", "[P-10]") {
    const Fixture fixture;
    CHECK(Reader::open(fixture.pack)->check_padding());
    fixture.overwrite(65536 + 6000, 'X');
    const auto status = Reader::open(fixture.pack)->check_padding();
    REQUIRE_FALSE(status);
    CHECK(status.error().cause == "the padding after image 'image1' is not zero at byte 71536");
}

TEST_CASE("A planted symbolic link is not followed", "[P-10]") {
    const Fixture fixture;
    fixture.scratch.write("victim", "untouched");
    REQUIRE(::symlink("../victim", fixture.scratch.path("target/image1").c_str()) == 0);
    SECTION("it counts as a name that is taken") {
        const auto status = fixture.extract_into_target("image1");
        REQUIRE_FALSE(status);
        CHECK(status.error().fault == Fault::busy);
        CHECK(std::filesystem::is_symlink(fixture.scratch.path("target/image1")));
    }
    SECTION("and by force it is replaced itself") {
        REQUIRE(fixture.extract_into_target("image1", Existing::replace));
        CHECK_FALSE(std::filesystem::is_symlink(fixture.scratch.path("target/image1")));
        CHECK(fixture.scratch.read("target/image1") == std::string(5000, 'a'));
    }
    CHECK(fixture.scratch.read("victim") == "untouched");
    CHECK(fixture.scratch.list("target") == std::vector<std::string>{"image1"});
}

TEST_CASE("A file that exists is not replaced unasked, nor is a directory ever", "[P-10]") {
    const Fixture fixture;
    fixture.scratch.write("target/image1", "mine");
    const auto refused = fixture.extract_into_target("image1");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().fault == Fault::busy);
    CHECK(fixture.scratch.read("target/image1") == "mine");
    CHECK(fixture.extract_into_target("image1", Existing::replace));
    CHECK(fixture.scratch.read("target/image1") == std::string(5000, 'a'));
    std::filesystem::create_directory(fixture.scratch.path("target/image4"));
    CHECK_FALSE(fixture.extract_into_target("image4", Existing::replace));
    CHECK(fixture.scratch.list("target") == std::vector<std::string>{"image1", "image4"});
}

TEST_CASE("A hostile pack writes nothing at all", "[P-10]") {
    for (const std::string name : {"../escaped", "/tmp/escaped", "..", ".", "a/b", "", "ok\nnot"}) {
        const Fixture fixture;
        auto bytes = craft(fixture.sizes);
        std::memset(raw(bytes).entries[0].name, 0, 96);
        std::copy(name.begin(), name.end(), raw(bytes).entries[0].name);
        reseal(bytes);
        {
            const auto fd = open_file(fixture.pack, O_WRONLY);
            REQUIRE(fd);
            REQUIRE(write_exactly(fd->get(), bytes, 0, fixture.pack));
        }
        const auto before = fixture.scratch.list();
        for (const std::string& asked : {name, std::string("image2")}) {
            const auto status = fixture.extract_into_target(asked);
            REQUIRE_FALSE(status);
            CHECK(status.error().fault == Fault::failed);
        }
        CHECK(fixture.scratch.list("target").empty());
        CHECK(fixture.scratch.list() == before);
    }
}

TEST_CASE("An interrupted extraction leaves no file behind", "[P-10]") {
    const Fixture fixture;
    const auto reader = Reader::open(fixture.pack);
    REQUIRE(reader);
    const auto directory = open_file(fixture.scratch.path("target"), O_RDONLY | O_DIRECTORY);
    REQUIRE(directory);
    const auto status =
        extract(*reader, reader->index().images[2], directory->get(), "target", Existing::keep,
                [](std::uint64_t) -> Status { return fail(Fault::failed, "extract", "interrupted"); });
    CHECK_FALSE(status);
    CHECK(fixture.scratch.list("target").empty());
}

TEST_CASE("What is no pack, no file, or not there is refused in so many words", "[P-10]") {
    const Scratch scratch;
    CHECK(Reader::open(scratch.path("none")).error().fault == Fault::not_found);
    CHECK(Reader::open(scratch.path()).error().line().find("is a directory; name a file in it") !=
          std::string::npos);
    CHECK(Reader::open("/dev/null").error().line().find("neither a file nor a block device") !=
          std::string::npos);
    scratch.write("text", "hello");
    CHECK(Reader::open(scratch.path("text")).error().line().find("is no pack") != std::string::npos);
    scratch.write("empty", "");
    CHECK(Reader::open(scratch.path("empty")).error().line().find("is no pack") != std::string::npos);
}

TEST_CASE("An image that is not there is answered with the nearest name", "[P-7]") {
    const Fixture fixture;
    const auto reader = Reader::open(fixture.pack);
    REQUIRE(reader);
    const auto none = reader->find("imgae1");
    REQUIRE_FALSE(none);
    CHECK(none.error().fault == Fault::not_found);
    CHECK(none.error().line() == fixture.pack + ": has no image 'imgae1'; did you mean 'image1'?");
    const auto too_long = reader->read_all(*reader->index().find("image3"), 39999);
    REQUIRE_FALSE(too_long);
    CHECK(too_long.error().fault == Fault::exhausted);
}
