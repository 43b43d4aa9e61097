// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/pack/parse.hpp"

#include "libvmshare/pack/encode.hpp"
#include "libvmshare/pack/name.hpp"
#include "libvmshare/pack/sha256.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>

namespace xvm::pack {
namespace {

static_assert(std::endian::native == std::endian::little, "the index is little-endian");

using Finding = std::optional<Index_fault>;

Index_fault of_header(Index_rule rule, std::string what) {
    return {rule, 0, {}, std::move(what)};
}

bool all_zero(std::span<const std::byte> bytes) {
    // The first byte is zero and each byte equals the one before it: memcmp is fast, a loop over 64 KiB is
    // not.
    return bytes.empty() ||
           (bytes[0] == std::byte{} && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

template <class T>
bool is_zero(const T& field) {
    return all_zero(std::as_bytes(std::span(&field, 1)));
}

/// The text of a NUL padded field: at least one NUL, and nothing after it.
std::optional<std::string_view> padded_text(std::span<const char> field) {
    const auto end = std::find(field.begin(), field.end(), '\0');
    if (end == field.end() || !std::all_of(end, field.end(), [](char c) { return c == '\0'; }))
        return std::nullopt;
    return std::string_view(field.data(), static_cast<std::size_t>(end - field.begin()));
}

Finding check_version(const xvm_pack_header& header) {
    if (std::memcmp(header.magic, XVM_PACK_MAGIC, sizeof header.magic) != 0)
        return of_header(Index_rule::magic, "is no pack: it does not start with " XVM_PACK_MAGIC);
    if (header.major != XVM_PACK_MAJOR)
        return of_header(Index_rule::major, "has format version " + std::to_string(header.major) + "." +
                                                std::to_string(header.minor) + ", this program reads 1.x");
    if ((header.incompat & ~XVM_PACK_INCOMPAT_KNOWN) != 0)
        return of_header(Index_rule::incompat,
                         "needs features that this program does not know (incompat bits " +
                             std::to_string(header.incompat & ~XVM_PACK_INCOMPAT_KNOWN) + ")");
    if ((header.flags & ~XVM_PACK_FLAGS_KNOWN) != 0)
        return of_header(Index_rule::flags,
                         "has flag bits without a meaning (" + std::to_string(header.flags) + ")");
    return {};
}

Finding check_header(const xvm_pack_header& header) {
    if (!is_zero(header.reserved0) || !is_zero(header.root_hash) || !is_zero(header.signature) ||
        !is_zero(header.backup_offset) || !is_zero(header.reserved1))
        return of_header(Index_rule::reserved, "has a reserved byte that is not zero in its header");
    if (header.image_count > images_max)
        return of_header(Index_rule::count, "claims " + std::to_string(header.image_count) +
                                                " images, at most " + std::to_string(images_max) + " fit");
    if (header.disk_bytes % alignment != 0 || header.disk_bytes < index_bytes ||
        header.disk_bytes > disk_bytes_max)
        return of_header(Index_rule::disk_bytes,
                         "claims an impossible disk size, " + std::to_string(header.disk_bytes) + " bytes");
    const auto label = padded_text(header.label);
    if (!label || printable(*label) != *label)
        return of_header(Index_rule::label, "has a label that is not NUL padded printable ASCII");
    return {};
}

/// Entry `slot` alone: its name, and what must be zero.
Finding check_entry(const xvm_pack_entry& entry, unsigned slot, bool plain) {
    const auto name = padded_text(entry.name);
    const std::string shown =
        printable(std::string_view(entry.name, ::strnlen(entry.name, sizeof entry.name)));
    const auto of_entry = [&](Index_rule rule, std::string what) {
        return Index_fault{rule, slot, shown, std::move(what)};
    };
    if (!name) return of_entry(Index_rule::name, "has a name that is not NUL padded");
    if (const auto fault = name_fault(*name))
        return of_entry(Index_rule::name, "has a bad name: it " + *fault);
    if (!is_zero(entry.root_hash) || !is_zero(entry.flags) || !is_zero(entry.group) ||
        !is_zero(entry.reserved0) || !is_zero(entry.full_bytes) || !is_zero(entry.reserved1))
        return of_entry(Index_rule::reserved, "has a reserved byte that is not zero");
    if (plain && (!is_zero(entry.offset) || !is_zero(entry.sha256) || !is_zero(entry.kind)))
        return of_entry(Index_rule::reserved, "holds more than name and size, in a plain pack");
    if (entry.kind >= XVM_PACK_KINDS)
        return of_entry(Index_rule::kind, "is of unknown kind " + std::to_string(entry.kind));
    return {};
}

Image image_of(const xvm_pack_entry& entry, bool plain) {
    Image image;
    image.name = std::string(entry.name, ::strnlen(entry.name, name_max));
    image.size = entry.size_bytes;
    image.kind = static_cast<Kind>(entry.kind);
    if (!plain) std::memcpy(image.sum.emplace().data(), entry.sha256, sizeof entry.sha256);
    return image;
}

/// All entries: each for itself, then the names and the offsets together.
tl::expected<std::vector<Image>, Index_fault> images_of(const xvm_pack_index& index) {
    const bool plain = (index.header.flags & XVM_PACK_PLAIN) != 0;
    std::vector<Image> images;
    images.reserve(index.header.image_count);
    std::uint64_t offset = index_bytes;
    for (unsigned slot = 1; slot <= index.header.image_count; ++slot) {
        const xvm_pack_entry& entry = index.entries[slot - 1];
        if (auto fault = check_entry(entry, slot, plain)) return tl::unexpected(std::move(*fault));
        Image image = image_of(entry, plain);
        const auto of_image = [&](Index_rule rule, std::string what) {
            return tl::unexpected(Index_fault{rule, slot, image.name, std::move(what)});
        };
        const auto same = std::find_if(images.begin(), images.end(),
                                       [&](const Image& other) { return other.name == image.name; });
        if (same != images.end())
            return of_image(Index_rule::duplicate,
                            "has the name of image " + std::to_string(same - images.begin() + 1));
        if (!plain && entry.offset != offset)
            return of_image(Index_rule::offset, "claims offset " + std::to_string(entry.offset) +
                                                    ", the sizes before it give " + std::to_string(offset));
        const auto next = next_offset(offset, image.size);
        if (!next || *next > index.header.disk_bytes)
            return of_image(Index_rule::size, "runs past the end of the disk: " + std::to_string(image.size) +
                                                  " bytes at offset " + std::to_string(offset) + " of " +
                                                  std::to_string(index.header.disk_bytes));
        image.offset = offset;
        offset = *next;
        images.push_back(std::move(image));
    }
    return images;
}

/// A plain pack may leave the sum out: who writes it by hand has names and sizes only.
Finding check_sum(Index_span bytes, const xvm_pack_header& header) {
    if ((header.flags & XVM_PACK_PLAIN) != 0 && is_zero(header.index_sha256)) return {};
    const Sum sum = index_sum(bytes);
    if (std::memcmp(sum.data(), header.index_sha256, sum.size()) != 0)
        return of_header(Index_rule::sum, "has an index whose checksum does not match");
    return {};
}

Finding check_length(const Index& index, std::uint64_t disk_bytes) {
    if (disk_bytes >= index.disk_bytes) return {};
    for (unsigned slot = 1; slot <= index.images.size(); ++slot) {
        const Image& image = index.images[slot - 1];
        const std::uint64_t end = image.offset + image.size;
        if (image.size == 0 || end <= disk_bytes) continue;
        const std::uint64_t there = disk_bytes > image.offset ? disk_bytes - image.offset : 0;
        return Index_fault{Index_rule::truncated, slot, image.name,
                           "is the first incomplete one: " + std::to_string(there) + " of " +
                               std::to_string(image.size) + " bytes are there, the disk ends at " +
                               std::to_string(disk_bytes) + " instead of " +
                               std::to_string(index.disk_bytes)};
    }
    return of_header(Index_rule::truncated, "ends in its padding, at byte " + std::to_string(disk_bytes) +
                                                " instead of " + std::to_string(index.disk_bytes) +
                                                "; every image is complete");
}

} // namespace

tl::expected<Index, Index_fault> parse(Index_span bytes, std::uint64_t disk_bytes) {
    xvm_pack_index raw;
    std::memcpy(&raw, bytes.data(), sizeof raw);

    if (auto fault = check_version(raw.header)) return tl::unexpected(std::move(*fault));
    if (auto fault = check_header(raw.header)) return tl::unexpected(std::move(*fault));
    auto images = images_of(raw);
    if (!images) return tl::unexpected(std::move(images.error()));
    const std::size_t used = (1 + std::size_t{raw.header.image_count}) * XVM_PACK_SLOT_BYTES;
    if (!all_zero(bytes.subspan(used)))
        return tl::unexpected(of_header(Index_rule::reserved, "has data in a slot that is not in use"));
    if (auto fault = check_sum(bytes, raw.header)) return tl::unexpected(std::move(*fault));

    Index index;
    index.disk_bytes = raw.header.disk_bytes;
    index.build_time_s = raw.header.build_time_s;
    index.label = *padded_text(raw.header.label);
    index.plain = (raw.header.flags & XVM_PACK_PLAIN) != 0;
    index.images = std::move(*images);
    if (auto fault = check_length(index, disk_bytes)) return tl::unexpected(std::move(*fault));
    return index;
}

} // namespace xvm::pack
