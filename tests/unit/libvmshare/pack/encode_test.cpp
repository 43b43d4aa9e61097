// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/libvmshare/pack/craft.hpp"

#include <catch2/catch.hpp>

using namespace xvm::pack;
using namespace xvm::pack::test;

namespace {

std::vector<Image_spec> named(const std::vector<std::string>& names) {
    std::vector<Image_spec> images;
    for (const std::string& name : names)
        images.push_back({name, 1, Kind::data});
    return images;
}

} // namespace

TEST_CASE("255 images fit and 256 are refused", "[P-9]") {
    std::vector<std::string> names;
    for (unsigned at = 0; at < 255; ++at)
        names.push_back("image" + std::to_string(at));
    REQUIRE(plan(named(names), {}));
    names.emplace_back("one-more");
    const auto refused = plan(named(names), {});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().rule == Index_rule::count);
    const xvm::Error error = list_error(refused.error(), "boot.pack");
    CHECK(error.fault == xvm::Fault::usage);
    CHECK(error.line().find("256 images, at most 255 fit") != std::string::npos);
}

TEST_CASE("A name of 95 characters fits, whole, and one of 96 is refused", "[P-9]") {
    const std::string longest(95, 'n');
    auto index = plan(named({longest}), {});
    REQUIRE(index);
    index->images[0].sum = Sum{};
    const auto parsed = parse_bytes(encode(*index));
    REQUIRE(parsed);
    CHECK(parsed->images[0].name == longest);
    const auto refused = plan(named({longest + "n"}), {});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().rule == Index_rule::name);
}

TEST_CASE("Duplicate and bad names are refused, naming the image", "[P-9]") {
    const auto twice = plan(named({"kernel", "ramdisk", "kernel"}), {});
    REQUIRE_FALSE(twice);
    CHECK(twice.error().rule == Index_rule::duplicate);
    CHECK(list_error(twice.error(), "boot.pack").line() ==
          "boot.pack: image 3 'kernel' has the name of image 1; give each image a name of its own");
    for (const std::string& name : {std::string(""), std::string("."), std::string(".."), std::string("a/b"),
                                    std::string("a b"), std::string("a\0b", 3), std::string("\xc3\xa4")}) {
        const auto refused = plan(named({name}), {});
        REQUIRE_FALSE(refused);
        CHECK(refused.error().rule == Index_rule::name);
    }
    for (const char* name : {"...", ".hidden", "-", "_", "0", "A-b_c.d"})
        CHECK(plan(named({name}), {}));
}

TEST_CASE("Sizes that leave 63 bits are refused", "[P-9]") {
    const std::uint64_t most = (1ULL << 63) - 4096 - 65536;
    CHECK(plan(std::vector<Image_spec>{{"a", most, {}}}, {}));
    for (const std::uint64_t size : {most + 1, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
        const auto refused = plan(std::vector<Image_spec>{{"a", size, {}}}, {});
        REQUIRE_FALSE(refused);
        CHECK(refused.error().rule == Index_rule::size);
    }
    const auto sum = plan(std::vector<Image_spec>{{"a", 1ULL << 62, {}}, {"b", 1ULL << 62, {}}}, {});
    REQUIRE_FALSE(sum);
    CHECK(sum.error().slot == 2);
}

TEST_CASE("A disk is padded to the size asked for, and never cut", "[P-4]") {
    Pack_spec spec;
    spec.disk_bytes = 1000001;
    const auto padded = plan(named({"a"}), spec);
    REQUIRE(padded);
    CHECK(padded->disk_bytes == 1003520); // the next multiple of 4096
    spec.disk_bytes = 65536;
    const auto refused = plan(named({"a"}), spec);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().rule == Index_rule::disk_bytes);
}

TEST_CASE("A label is kept whole or refused", "[P-9]") {
    Pack_spec spec;
    spec.label = std::string(31, 'L');
    const auto index = plan({}, spec);
    REQUIRE(index);
    CHECK(parse_bytes(encode(*index))->label == spec.label);
    spec.label += 'L';
    CHECK_FALSE(plan({}, spec));
    spec.label = "bell\a";
    CHECK_FALSE(plan({}, spec));
}

TEST_CASE("Every field that is written is read back", "[P-3]") {
    Pack_spec spec;
    spec.label = "nightly";
    spec.build_time_s = 1700000000;
    std::vector<Image_spec> images;
    for (std::size_t at = 0; at < kind_names.size(); ++at)
        images.push_back({std::string(kind_names[at]), 1000 * at, static_cast<Kind>(at)});
    auto index = plan(images, spec);
    REQUIRE(index);
    std::uint8_t fill = 0;
    for (Image& image : index->images) {
        image.sum.emplace();
        image.sum->fill(std::byte{++fill});
    }
    const auto parsed = parse_bytes(encode(*index));
    REQUIRE(parsed);
    CHECK(parsed->label == "nightly");
    CHECK(parsed->build_time_s == 1700000000);
    CHECK(parsed->disk_bytes == index->disk_bytes);
    REQUIRE(parsed->images.size() == images.size());
    for (std::size_t at = 0; at < images.size(); ++at) {
        CHECK(parsed->images[at].name == images[at].name);
        CHECK(parsed->images[at].size == images[at].size);
        CHECK(parsed->images[at].kind == images[at].kind);
        CHECK(parsed->images[at].sum == index->images[at].sum);
    }
    CHECK(encode(*parsed) == encode(*index));
}
