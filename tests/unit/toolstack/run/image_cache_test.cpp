// SPDX-License-Identifier: Apache-2.0
#include "toolstack/run/image_cache.hpp"

#include "tests/unit/daemons/common/scratch.hpp"

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <fstream>
#include <unistd.h>

using namespace xvm;
using namespace xvm::run;

namespace {

constexpr std::uint64_t plenty = 1 << 20;

struct Files {
    tests::Scratch scratch;

    plan::Image_source write(const std::string& name, const std::string& text) const {
        const std::string path = scratch / name;
        std::ofstream(path, std::ios::binary) << text;
        return {path, {}};
    }
};

std::string text_of(const Result<Image>& image) {
    REQUIRE(image);
    return {reinterpret_cast<const char*>(image->bytes().data()), image->bytes().size()};
}

/// Until a file written before counts as settled: its time of change cannot be set back.
void settle() {
    ::usleep(1'050'000);
}

} // namespace

TEST_CASE("A file is read once while it is as it was, and again when it changed") {
    const Files files;
    Image_cache cache(plenty);
    const auto source = files.write("kernel", "first");
    settle();
    CHECK(text_of(cache.load(source, "kernel")) == "first");
    CHECK(text_of(cache.load(source, "kernel")) == "first");
    CHECK(cache.counts().misses == 1);
    CHECK(cache.counts().hits == 1);
    const auto held = cache.load(source, "kernel");
    files.write("kernel", "other"); // of the same size
    CHECK(text_of(cache.load(source, "kernel")) == "other");
    CHECK(text_of(held) == "first"); // whoever holds it is not disturbed
}

TEST_CASE("A file that changed just now is read each time") {
    const Files files;
    Image_cache cache(plenty);
    const auto source = files.write("kernel", "hot");
    CHECK(text_of(cache.load(source, "kernel")) == "hot");
    CHECK(text_of(cache.load(source, "kernel")) == "hot");
    CHECK(cache.counts().entries == 0);
}

TEST_CASE("The unpacked form takes the packed one's place until the file changes") {
    const Files files;
    Image_cache cache(plenty);
    const auto source = files.write("kernel", "packed");
    settle();
    CHECK(text_of(cache.load(source, "kernel")) == "packed");
    const std::string unpacked(10'000, 'u');
    cache.keep_unpacked(source, std::as_bytes(std::span(unpacked)));
    CHECK(text_of(cache.load(source, "kernel")) == unpacked);
    CHECK(cache.counts().bytes == unpacked.size());
    files.write("kernel", "packed anew");
    cache.keep_unpacked(source, std::as_bytes(std::span(unpacked))); // of another state: not believed
    CHECK(text_of(cache.load(source, "kernel")) == "packed anew");
}

TEST_CASE("The cache holds no more than it may, and gives up what was unused longest") {
    const Files files;
    Image_cache cache(250);
    const auto a = files.write("a", std::string(100, 'a'));
    const auto b = files.write("b", std::string(100, 'b'));
    const auto c = files.write("c", std::string(100, 'c'));
    const auto large = files.write("large", std::string(300, 'l'));
    settle();
    for (const auto* const source : {&a, &b, &a, &c, &large})
        CHECK(cache.load(*source, "kernel"));
    CHECK(cache.counts().bytes == 200);
    CHECK(cache.counts().entries == 2);
    const auto hits = cache.counts().hits;
    CHECK(cache.load(a, "kernel"));
    CHECK(cache.load(c, "kernel"));
    CHECK(cache.counts().hits == hits + 2);
}

TEST_CASE(
    "A large file that guests get as it is, is taken without a copy, and waited for by who would change it") {
    const Files files;
    Image_cache cache(64 << 20);
    const std::string text = "\x7f"
                             "ELF" +
                             std::string(2 << 20, 'k');
    const auto source = files.write("kernel", text);
    const auto opens = [&](int flags) {
        const Unique_fd fd(::open(source.path.c_str(), flags | O_NONBLOCK | O_CLOEXEC));
        return static_cast<bool>(fd);
    };
    {
        const auto image = cache.load(source, "kernel");
        CHECK(text_of(image) == text);
        const auto other = cache.load(source, "kernel"); // several guests at once
        CHECK(text_of(other) == text);
        CHECK(cache.counts().mapped == 2);
        CHECK_FALSE(opens(O_WRONLY));
        CHECK_FALSE(opens(O_WRONLY | O_TRUNC));
        CHECK(opens(O_RDONLY));
    }
    CHECK(opens(O_WRONLY));
    CHECK(cache.counts().bytes == 0);
}

TEST_CASE("A large file that is being written, or is to be unpacked, is read") {
    const Files files;
    Image_cache cache(64 << 20);
    const std::string body(2 << 20, 'k');
    const auto kernel = files.write("kernel", "\x7f"
                                              "ELF" +
                                                  body);
    const auto packed = files.write("kernel.gz", "\x1f\x8b" + body);
    settle();
    {
        const std::fstream writer(kernel.path, std::ios::in | std::ios::out);
        CHECK(cache.load(kernel, "kernel"));
        CHECK(cache.counts().misses == 1);
    }
    CHECK(cache.load(packed, "kernel"));
    CHECK(cache.counts().misses == 2);
    CHECK(cache.counts().mapped == 0);
    CHECK(cache.counts().entries == 2);
}

TEST_CASE("What cannot be loaded is told as ever, and not kept") {
    const Files files;
    Image_cache cache(plenty);
    const auto missing = cache.load({files.scratch / "none", {}}, "kernel");
    REQUIRE_FALSE(missing);
    CHECK(missing.error().fault == Fault::not_found);
    CHECK(missing.error().line().starts_with("kernel: "));
    CHECK_FALSE(cache.load(files.write("empty", ""), "ramdisk"));
    CHECK(cache.counts().entries == 0);
}
