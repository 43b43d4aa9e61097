// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/libvmshare/pack/craft.hpp"
#include "tests/unit/libvmshare/pack/invariant.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstddef>
#include <functional>

using namespace xvm::pack;
using namespace xvm::pack::test;

TEST_CASE("The index takes 64 KiB for 0, 1 and 255 images", "[P-1]") {
    for (const std::size_t count : {0U, 1U, 255U}) {
        std::vector<Image_spec> images;
        for (std::size_t at = 0; at < count; ++at)
            images.push_back({"image" + std::to_string(at), at, Kind::data});
        auto index = plan(images, {});
        REQUIRE(index);
        for (Image& image : index->images)
            image.sum = Sum{};
        const Bytes bytes = encode(*index);
        CHECK(bytes.size() == 65536);
        const auto parsed = parse_bytes(bytes);
        REQUIRE(parsed);
        CHECK(parsed->images.size() == count);
        if (count > 0) CHECK(parsed->images.front().offset == 65536);
        if (count == 0) CHECK(parsed->disk_bytes == 65536);
    }
}

TEST_CASE("Offsets are the sizes before, each rounded up to 4 KiB, after 64 KiB", "[P-4]") {
    const std::vector<std::uint64_t> sizes{0, 1, 4095, 4096, 4097, 0, 0, 65537, 5ULL << 30, 7};
    std::vector<Image_spec> specs;
    for (std::size_t at = 0; at < sizes.size(); ++at)
        specs.push_back({"image" + std::to_string(at + 1), sizes[at], {}});
    const auto planned = plan(specs, {});
    REQUIRE(planned);
    const auto parsed = parse_bytes(craft(sizes));
    REQUIRE(parsed);
    const auto offsets = offsets_by_rule(sizes);
    for (std::size_t at = 0; at < sizes.size(); ++at) {
        CHECK(planned->images[at].offset == offsets[at]);
        CHECK(parsed->images[at].offset == offsets[at]);
    }
    CHECK(planned->disk_bytes == offsets.back());
}

TEST_CASE("Name and size are enough: everything else of an entry may be zero", "[P-2]") {
    Bytes bytes = craft({5, 0, 9000});
    const auto full = parse_bytes(bytes);
    REQUIRE(full);
    for (unsigned at = 0; at < 3; ++at) {
        xvm_pack_entry& entry = raw(bytes).entries[at];
        auto* const after_size = reinterpret_cast<std::byte*>(&entry) + offsetof(xvm_pack_entry, offset);
        std::fill(after_size, reinterpret_cast<std::byte*>(&entry + 1), std::byte{});
    }
    SECTION("in a pack that says so") {
        raw(bytes).header.flags = XVM_PACK_PLAIN;
        SECTION("with a checksum over the index") {
            reseal(bytes);
        }
        SECTION("and with none") {
            std::memset(raw(bytes).header.index_sha256, 0, 32);
        }
        const auto plain = parse_bytes(bytes);
        REQUIRE(plain);
        REQUIRE(plain->images.size() == 3);
        for (unsigned at = 0; at < 3; ++at) {
            CHECK(plain->images[at].name == full->images[at].name);
            CHECK(plain->images[at].size == full->images[at].size);
            CHECK(plain->images[at].offset == full->images[at].offset);
            CHECK_FALSE(plain->images[at].sum);
        }
    }
    SECTION("but a pack that claims checksums cannot lose them unnoticed") {
        reseal(bytes);
        REQUIRE_FALSE(parse_bytes(bytes));
    }
}

namespace {

struct Hostile {
    const char* what;
    Index_rule rule;
    std::size_t at;    ///< the field that is wrong: its offset in the index
    std::size_t bytes; ///< and its length
    std::function<void(xvm_pack_index&)> spoil;
};

#define HEADER(field) offsetof(xvm_pack_header, field), sizeof(xvm_pack_header::field)
#define ENTRY(slot, field) 256 * (slot) + offsetof(xvm_pack_entry, field), sizeof(xvm_pack_entry::field)

void rename(xvm_pack_entry& entry, std::string_view name) {
    std::memset(entry.name, 0, sizeof entry.name);
    std::copy(name.begin(), name.end(), entry.name);
}

const std::vector<Hostile>& hostiles() {
    static const std::vector<Hostile> all{
        {"bad magic", Index_rule::magic, HEADER(magic), [](auto& i) { i.header.magic[0] = 'Y'; }},
        {"next magic", Index_rule::magic, HEADER(magic), [](auto& i) { i.header.magic[7] = '2'; }},
        {"older major", Index_rule::major, HEADER(major), [](auto& i) { i.header.major = 0; }},
        {"newer major", Index_rule::major, HEADER(major), [](auto& i) { i.header.major = 2; }},
        {"unknown feature", Index_rule::incompat, HEADER(incompat), [](auto& i) { i.header.incompat = 1; }},
        {"unknown flag", Index_rule::flags, HEADER(flags), [](auto& i) { i.header.flags = 2; }},
        {"reserved word", Index_rule::reserved, HEADER(reserved0), [](auto& i) { i.header.reserved0 = 1; }},
        {"root hash", Index_rule::reserved, HEADER(root_hash), [](auto& i) { i.header.root_hash[31] = 1; }},
        {"signature", Index_rule::reserved, HEADER(signature), [](auto& i) { i.header.signature[0] = 1; }},
        {"backup", Index_rule::reserved, HEADER(backup_offset),
         [](auto& i) { i.header.backup_offset = 4096; }},
        {"reserved bytes", Index_rule::reserved, HEADER(reserved1),
         [](auto& i) { i.header.reserved1[39] = 1; }},
        {"256 images", Index_rule::count, HEADER(image_count), [](auto& i) { i.header.image_count = 256; }},
        {"2^32 - 1 images", Index_rule::count, HEADER(image_count),
         [](auto& i) { i.header.image_count = ~0U; }},
        {"one image too many", Index_rule::name, HEADER(image_count),
         [](auto& i) { i.header.image_count = 4; }},
        {"one image too few", Index_rule::reserved, HEADER(image_count),
         [](auto& i) { i.header.image_count = 2; }},
        {"odd disk", Index_rule::disk_bytes, HEADER(disk_bytes), [](auto& i) { i.header.disk_bytes += 512; }},
        {"no disk", Index_rule::disk_bytes, HEADER(disk_bytes), [](auto& i) { i.header.disk_bytes = 0; }},
        {"huge disk", Index_rule::disk_bytes, HEADER(disk_bytes),
         [](auto& i) { i.header.disk_bytes = 1ULL << 63; }},
        {"short disk", Index_rule::size, HEADER(disk_bytes), [](auto& i) { i.header.disk_bytes -= 4096; }},
        {"control in label", Index_rule::label, HEADER(label), [](auto& i) { i.header.label[0] = '\x1b'; }},
        {"label with a tail", Index_rule::label, HEADER(label), [](auto& i) { i.header.label[5] = 'x'; }},
        {"endless label", Index_rule::label, HEADER(label),
         [](auto& i) { std::memset(i.header.label, 'x', 32); }},
        {"no name", Index_rule::name, ENTRY(2, name), [](auto& i) { rename(i.entries[1], ""); }},
        {"dot", Index_rule::name, ENTRY(2, name), [](auto& i) { rename(i.entries[1], "."); }},
        {"dot dot", Index_rule::name, ENTRY(2, name), [](auto& i) { rename(i.entries[1], ".."); }},
        {"up and away", Index_rule::name, ENTRY(2, name), [](auto& i) { rename(i.entries[1], "../passwd"); }},
        {"absolute", Index_rule::name, ENTRY(2, name), [](auto& i) { rename(i.entries[1], "/etc/passwd"); }},
        {"slash inside", Index_rule::name, ENTRY(2, name), [](auto& i) { rename(i.entries[1], "a/b"); }},
        {"backslash", Index_rule::name, ENTRY(2, name), [](auto& i) { rename(i.entries[1], "a\\b"); }},
        {"space", Index_rule::name, ENTRY(2, name), [](auto& i) { rename(i.entries[1], "a b"); }},
        {"newline", Index_rule::name, ENTRY(2, name), [](auto& i) { rename(i.entries[1], "a\nb"); }},
        {"escape", Index_rule::name, ENTRY(2, name), [](auto& i) { rename(i.entries[1], "a\x1b[2J"); }},
        {"high bit", Index_rule::name, ENTRY(2, name), [](auto& i) { rename(i.entries[1], "a\xff"); }},
        {"text after the NUL", Index_rule::name, ENTRY(2, name),
         [](auto& i) { i.entries[1].name[40] = 'x'; }},
        {"name without end", Index_rule::name, ENTRY(2, name),
         [](auto& i) { std::memset(i.entries[1].name, 'x', 96); }},
        {"duplicate", Index_rule::duplicate, ENTRY(2, name), [](auto& i) { rename(i.entries[1], "image1"); }},
        {"duplicate apart", Index_rule::duplicate, ENTRY(3, name),
         [](auto& i) { rename(i.entries[2], "image1"); }},
        {"offset of another", Index_rule::offset, ENTRY(2, offset),
         [](auto& i) { i.entries[1].offset = 65536; }},
        {"offset in the index", Index_rule::offset, ENTRY(1, offset),
         [](auto& i) { i.entries[0].offset = 0; }},
        {"offset beyond", Index_rule::offset, ENTRY(3, offset), [](auto& i) { i.entries[2].offset = ~0ULL; }},
        {"size past the end", Index_rule::size, ENTRY(3, size_bytes),
         [](auto& i) { i.entries[2].size_bytes += 4096; }},
        {"size that wraps", Index_rule::size, ENTRY(3, size_bytes),
         [](auto& i) { i.entries[2].size_bytes = ~0ULL; }},
        {"size that wraps to zero", Index_rule::size, ENTRY(3, size_bytes),
         [](auto& i) { i.entries[2].size_bytes = 0 - i.entries[2].offset; }},
        {"size that rounds over", Index_rule::size, ENTRY(3, size_bytes),
         [](auto& i) { i.entries[2].size_bytes = (1ULL << 63) - 1 - i.entries[2].offset; }},
        {"smaller, next one not moved", Index_rule::offset, ENTRY(1, size_bytes),
         [](auto& i) { i.entries[0].size_bytes = 1; }},
        {"unknown kind", Index_rule::kind, ENTRY(2, kind), [](auto& i) { i.entries[1].kind = 6; }},
        {"verity of an entry", Index_rule::reserved, ENTRY(2, root_hash),
         [](auto& i) { i.entries[1].root_hash[0] = 1; }},
        {"flags of an entry", Index_rule::reserved, ENTRY(2, flags), [](auto& i) { i.entries[1].flags = 1; }},
        {"group of an entry", Index_rule::reserved, ENTRY(2, group), [](auto& i) { i.entries[1].group = 1; }},
        {"reserved word of an entry", Index_rule::reserved, ENTRY(2, reserved0),
         [](auto& i) { i.entries[1].reserved0 = 1; }},
        {"full size", Index_rule::reserved, ENTRY(2, full_bytes),
         [](auto& i) { i.entries[1].full_bytes = 1; }},
        {"tail of an entry", Index_rule::reserved, ENTRY(2, reserved1),
         [](auto& i) { i.entries[1].reserved1[55] = 1; }},
        {"unused slot in use", Index_rule::reserved, ENTRY(255, name),
         [](auto& i) { rename(i.entries[254], "ghost"); }},
        {"wrong sum", Index_rule::sum, HEADER(index_sha256), [](auto& i) { i.header.index_sha256[0] ^= 1; }},
        {"no sum", Index_rule::sum, HEADER(index_sha256),
         [](auto& i) { std::memset(i.header.index_sha256, 0, 32); }},
    };
    return all;
}

} // namespace

TEST_CASE("Each kind of corrupt index is refused by the rule it breaks, and by nothing else", "[P-10]") {
    const Bytes good = craft({5000, 0, 9000});
    REQUIRE(parse_bytes(good));
    for (const Hostile& hostile : hostiles()) {
        INFO(hostile.what);
        Bytes bad = good;
        hostile.spoil(raw(bad));
        if (hostile.rule != Index_rule::sum) reseal(bad); // an attacker seals what he wrote
        const auto refused = parse_bytes(bad);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().rule == hostile.rule);
        const xvm::Error error = pack_error(refused.error(), "boot.pack");
        CHECK(error.fault == xvm::Fault::failed);
        CHECK(error.line().find("boot.pack: ") == 0);
        CHECK(error.line().find('\n') == std::string::npos);
        CHECK(error.line().find('\x1b') == std::string::npos);
        CHECK_FALSE(error.remedy.empty());

        // The twin: with that one field as it was, the same bytes are a pack. So a parser without this
        // check would have taken them.
        Bytes mended = bad;
        std::copy_n(good.begin() + static_cast<std::ptrdiff_t>(hostile.at), hostile.bytes,
                    mended.begin() + static_cast<std::ptrdiff_t>(hostile.at));
        reseal(mended);
        CHECK(parse_bytes(mended));
    }
    WARN("corrupt indices refused: " << hostiles().size() << ", each with its twin accepted");
}

TEST_CASE("An entry of a plain pack that holds more than name and size is refused", "[P-2][P-10]") {
    Bytes good = craft({5000});
    raw(good).header.flags = XVM_PACK_PLAIN;
    raw(good).entries[0].offset = 0;
    std::memset(raw(good).entries[0].sha256, 0, 32);
    reseal(good);
    REQUIRE(parse_bytes(good)); // the twin of all three
    const std::vector<std::function<void(xvm_pack_entry&)>> additions{
        [](xvm_pack_entry& entry) { entry.offset = 65536; },
        [](xvm_pack_entry& entry) { entry.sha256[31] = 1; },
        [](xvm_pack_entry& entry) { entry.kind = XVM_PACK_KERNEL; }};
    for (const auto& add : additions) {
        Bytes bad = good;
        add(raw(bad).entries[0]);
        reseal(bad);
        const auto refused = parse_bytes(bad);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().rule == Index_rule::reserved);
    }
}

TEST_CASE("What a later minor version may add is read", "[P-10]") {
    Bytes bytes = craft({5});
    raw(bytes).header.minor = 7;
    raw(bytes).header.compat = ~0U;
    raw(bytes).header.build_time_s = ~0ULL;
    std::memcpy(raw(bytes).header.label, "Debian 12, nightly", 18);
    reseal(bytes);
    const auto index = parse_bytes(bytes);
    REQUIRE(index);
    CHECK(index->label == "Debian 12, nightly");
    CHECK(index->build_time_s == ~0ULL);
}

TEST_CASE("A message about a corrupt index names pack, image, cause and remedy", "[P-10]") {
    Bytes bytes = craft({5000, 0, 9000});
    rename(raw(bytes).entries[1], "../\x1b[2J");
    reseal(bytes);
    const auto refused = parse_bytes(bytes);
    REQUIRE_FALSE(refused);
    CHECK(pack_error(refused.error(), "boot.pack").line() ==
          "boot.pack: image 2 '../\\x1b[2J' has a bad name: it holds '/'; "
          "the pack is corrupt: copy it again, or build it anew");
}

TEST_CASE("A disk that ends early names the first image that is not whole", "[P-11]") {
    const std::vector<std::uint64_t> sizes{5000, 0, 9000, 1};
    const Bytes bytes = craft(sizes);
    const auto offsets = offsets_by_rule(sizes);
    for (std::uint64_t length = 65536; length < offsets.back(); ++length) {
        const auto refused = parse_bytes(bytes, length);
        REQUIRE_FALSE(refused);
        REQUIRE(refused.error().rule == Index_rule::truncated);
        std::string expected;
        for (std::size_t at = sizes.size(); at-- > 0;)
            if (sizes[at] > 0 && offsets[at] + sizes[at] > length)
                expected = "image" + std::to_string(at + 1);
        REQUIRE(refused.error().name == expected);
    }
    CHECK(parse_bytes(bytes, offsets.back()));
    CHECK(parse_bytes(bytes, offsets.back() + 512));
}
