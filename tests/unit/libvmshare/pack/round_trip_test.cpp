// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/libvmshare/pack/craft.hpp"
#include "tests/unit/libvmshare/pack/invariant.hpp"
#include "tests/unit/libvmshare/pack/scratch.hpp"

#include "libvmshare/pack/extract.hpp"
#include "libvmshare/pack/reader.hpp"

#include <cstring>
#include <random>
#include <sys/mman.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

using namespace xvm;
using namespace xvm::pack;
using namespace xvm::pack::test;

namespace {

using Random = std::mt19937_64;

std::string random_content(Random& random, std::size_t size) {
    std::string content(size, '\0');
    for (char& c : content)
        c = static_cast<char>(random());
    return content;
}

/// Extracts everything into the directory `to` of `scratch`.
void extract_all(const Reader& reader, const Scratch& scratch, const std::string& to) {
    std::filesystem::create_directory(scratch.path(to));
    const auto directory = open_file(scratch.path(to), O_RDONLY | O_DIRECTORY);
    REQUIRE(directory);
    for (const Image& image : reader.index().images)
        REQUIRE(extract(reader, image, directory->get(), to, Existing::keep, ignore_progress));
}

std::uint64_t allocated_bytes(const std::string& path) {
    struct stat info {};
    REQUIRE(::stat(path.c_str(), &info) == 0);
    return 512 * static_cast<std::uint64_t>(info.st_blocks);
}

} // namespace

TEST_CASE("What goes in comes out: names, sizes and bytes", "[P-3][P-5][P-7]") {
    for (const bool plain : {false, true}) {
        const Scratch scratch;
        Random random(1);
        std::vector<Input> inputs;
        for (const std::size_t size :
             {0UL, 1UL, 2UL, 511UL, 4095UL, 4096UL, 4097UL, 65537UL, 3000001UL, 0UL}) {
            const std::string name = "image" + std::to_string(inputs.size());
            inputs.push_back({name, scratch.write(name, random_content(random, size)), Kind::data});
        }
        Pack_spec spec;
        spec.plain = plain;
        build(scratch.path("pack"), inputs, spec);
        const auto reader = Reader::open(scratch.path("pack"));
        REQUIRE(reader);
        REQUIRE(reader->index().images.size() == inputs.size());
        extract_all(*reader, scratch, "out");
        for (std::size_t at = 0; at < inputs.size(); ++at) {
            CHECK(reader->index().images[at].name == inputs[at].name);
            CHECK(scratch.read("out/" + inputs[at].name) == scratch.read(inputs[at].name));
        }
        CHECK(scratch.list("out").size() == inputs.size());
    }
}

TEST_CASE("An image beyond 4 GiB survives, and its holes stay holes", "[P-3]") {
    const Scratch scratch;
    constexpr std::uint64_t size = (4ULL << 30) + 12345;
    constexpr std::array<std::uint64_t, 4> marks{0, 1ULL << 31, (1ULL << 32) - 2, size - 4};
    {
        const auto fd = open_file(scratch.path("big"), O_RDWR | O_CREAT);
        REQUIRE(fd);
        REQUIRE(::ftruncate(fd->get(), size) == 0);
        const std::string mark = "here";
        for (const std::uint64_t at : marks)
            REQUIRE(write_exactly(fd->get(), std::as_bytes(std::span(mark)), at, "big"));
    }
    scratch.write("after", "what comes after 4 GiB");
    build(scratch.path("pack"), {{"big", scratch.path("big")}, {"after", scratch.path("after")}});
    CHECK(allocated_bytes(scratch.path("pack")) < (1 << 20));

    const auto reader = Reader::open(scratch.path("pack"));
    REQUIRE(reader);
    CHECK(reader->index().images[0].size == size);
    CHECK(reader->index().images[1].offset == offsets_by_rule({size, 0})[1]);
    extract_all(*reader, scratch, "out"); // holds the SHA-256 of all 4 GiB against the index
    CHECK(allocated_bytes(scratch.path("out/big")) < (1 << 20));
    CHECK(std::filesystem::file_size(scratch.path("out/big")) == size);
    const auto fd = open_file(scratch.path("out/big"), O_RDONLY);
    REQUIRE(fd);
    std::string mark(4, '\0');
    for (const std::uint64_t at : marks) {
        REQUIRE(read_exactly(fd->get(), std::as_writable_bytes(std::span(mark)), at, "big"));
        CHECK(mark == "here");
    }
    CHECK(scratch.read("out/after") == "what comes after 4 GiB");
}

TEST_CASE("Packs of 0, 1 and 255 images round-trip", "[P-1][P-3]") {
    for (const unsigned count : {0U, 1U, 255U}) {
        const Scratch scratch;
        std::vector<Input> inputs;
        for (unsigned at = 0; at < count; ++at) {
            const std::string name = "n" + std::to_string(at);
            inputs.push_back({name, scratch.write(name, std::string(at, static_cast<char>(at))), Kind::data});
        }
        build(scratch.path("pack"), inputs);
        const auto reader = Reader::open(scratch.path("pack"));
        REQUIRE(reader);
        extract_all(*reader, scratch, "out");
        CHECK(scratch.list("out").size() == count);
        for (unsigned at = 0; at < count; ++at)
            CHECK(scratch.read("out/n" + std::to_string(at)) == std::string(at, static_cast<char>(at)));
        CHECK(std::filesystem::file_size(scratch.path("pack")) ==
              (count == 0 ? 65536 : 65536 + 4096 * (count - 1)));
    }
}

TEST_CASE("Random packs round-trip, and lie where the offset rule says", "[P-3][P-4]") {
    constexpr unsigned packs = 40;
    Random random(20240607);
    std::size_t images = 0;
    for (unsigned round = 0; round < packs; ++round) {
        const Scratch scratch;
        std::vector<Input> inputs;
        std::vector<std::string> contents;
        std::vector<std::uint64_t> sizes;
        const std::size_t count = random() % 20;
        for (std::size_t at = 0; at < count; ++at) {
            const std::string name = std::to_string(at) + std::string(random() % 90, "._-aZ"[random() % 5]);
            contents.push_back(random_content(random, random() % (random() % 4 == 0 ? 200000 : 9000)));
            sizes.push_back(contents.back().size());
            inputs.push_back({name, scratch.write("in" + std::to_string(at), contents.back()),
                              static_cast<Kind>(random() % 6)});
        }
        Pack_spec spec;
        spec.plain = random() % 3 == 0;
        spec.disk_bytes = random() % 3 == 0 ? 8 << 20 : 0;
        build(scratch.path("pack"), inputs, spec);
        const auto reader = Reader::open(scratch.path("pack"));
        REQUIRE(reader);
        REQUIRE_FALSE(broken_invariant(reader->index()));
        CHECK(reader->check_padding());
        const std::string disk = scratch.read("pack");
        const auto offsets = offsets_by_rule(sizes);
        for (std::size_t at = 0; at < count; ++at) {
            REQUIRE(disk.substr(offsets[at], sizes[at]) == contents[at]);
            const auto image = reader->find(inputs[at].name);
            REQUIRE(image);
            const auto bytes = reader->read_all(**image, 1 << 20);
            REQUIRE(bytes);
            CHECK(std::equal(bytes->begin(), bytes->end(), contents[at].begin(), contents[at].end(),
                             [](std::byte b, char c) { return b == static_cast<std::byte>(c); }));
            CHECK((*image)->kind == (spec.plain ? Kind::data : inputs[at].kind));
        }
        images += count;
    }
    WARN("random packs: " << packs << ", images: " << images);
}

TEST_CASE("The same input gives the same bytes", "[P-6]") {
    const Scratch scratch;
    Random random(7);
    std::vector<Input> inputs;
    for (const char* name : {"kernel", "ramdisk"})
        inputs.push_back({name, scratch.write(name, random_content(random, 100001)), Kind::data});
    build(scratch.path("one"), inputs);
    build(scratch.path("two"), inputs);
    CHECK(scratch.read("one") == scratch.read("two"));
}

TEST_CASE("Eight readers of one descriptor at once read the same, and change nothing", "[P-6]") {
    const Scratch scratch;
    Random random(8);
    std::vector<Input> inputs;
    for (const char* name : {"kernel", "ramdisk", "rootfs"})
        inputs.push_back({name, scratch.write(name, random_content(random, 2000003)), Kind::data});
    build(scratch.path("pack"), inputs);
    const std::string before = scratch.read("pack");
    const auto reader = Reader::open(scratch.path("pack")); // O_RDONLY
    REQUIRE(reader);
    std::vector<std::vector<std::byte>> seen(8);
    {
        std::vector<std::jthread> guests;
        for (auto& mine : seen)
            guests.emplace_back([&reader, &mine] {
                for (const Image& image : reader->index().images) {
                    const auto bytes = reader->read_all(image, 1 << 24);
                    if (bytes) mine.insert(mine.end(), bytes->begin(), bytes->end());
                }
            });
    }
    for (const auto& mine : seen) {
        CHECK(mine.size() == 3 * 2000003);
        CHECK(mine == seen[0]);
    }
    CHECK(scratch.read("pack") == before);
}

TEST_CASE("A source that changes while it is read is refused", "[P-3]") {
    const Scratch scratch;
    scratch.write("log", std::string(10000, 'l'));
    std::vector<Source> sources;
    sources.push_back(std::move(*Source::open("log", scratch.path("log"), Kind::data)));
    auto index = plan_pack(sources, {}, "pack");
    REQUIRE(index);
    const auto out = open_file(scratch.path("pack"), O_RDWR | O_CREAT);
    REQUIRE(out);
    const auto grow_or_shrink = GENERATE(9999, 10001);
    REQUIRE(::truncate(scratch.path("log").c_str(), grow_or_shrink) == 0);
    const auto written = write_pack(out->get(), "pack", *index, sources, ignore_progress);
    REQUIRE_FALSE(written);
    CHECK(written.error().object == scratch.path("log"));
    // What stays behind is no pack: the index goes last.
    CHECK_FALSE(Reader::open(scratch.path("pack")));
}

TEST_CASE("A pack in memory needs no disk: what goes in comes out", "[P-8]") {
    const Scratch scratch;
    Random random(8);
    const std::string content = random_content(random, 70001);
    build(scratch.path("pack"), {{"kernel", scratch.write("kernel", content), Kind::data}}, {});
    const Unique_fd memory(::memfd_create("pack", MFD_CLOEXEC));
    const std::string whole = scratch.read("pack");
    REQUIRE(write_exactly(memory.get(), std::as_bytes(std::span(whole)), 0, "pack"));
    for (const char* file : {"pack", "kernel"})
        std::filesystem::remove(scratch.path(file));
    const auto reader = Reader::open("/proc/self/fd/" + std::to_string(memory.get()));
    REQUIRE(reader);
    const auto entry = reader->find("kernel");
    REQUIRE(entry);
    const auto bytes = reader->read_all(**entry, content.size());
    REQUIRE(bytes);
    CHECK(std::memcmp(bytes->data(), content.data(), content.size()) == 0);
    CHECK(std::filesystem::is_empty(scratch.path(".")));
}
