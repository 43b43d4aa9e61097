// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/pack/encode.hpp"

#include "libvmshare/base/assert.hpp"
#include "libvmshare/pack/name.hpp"
#include "libvmshare/pack/sha256.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace xvm::pack {
namespace {

tl::unexpected<Index_fault> of_header(Index_rule rule, std::string what) {
    return tl::unexpected(Index_fault{rule, 0, {}, std::move(what)});
}

void put_text(std::span<char> field, const std::string& text) {
    XVM_ASSERT(text.size() < field.size());
    std::copy(text.begin(), text.end(), field.begin());
}

} // namespace

tl::expected<Index, Index_fault> plan(std::span<const Image_spec> images, const Pack_spec& spec) {
    if (images.size() > images_max)
        return of_header(Index_rule::count, "would hold " + std::to_string(images.size()) +
                                                " images, at most " + std::to_string(images_max) + " fit");
    if (spec.label.size() > label_max || printable(spec.label) != spec.label)
        return of_header(Index_rule::label, "label '" + printable(spec.label) + "' does not fit");

    Index index;
    index.build_time_s = spec.build_time_s;
    index.label = spec.label;
    index.plain = spec.plain;
    std::uint64_t offset = index_bytes;
    for (const Image_spec& image : images) {
        const auto slot = static_cast<unsigned>(index.images.size() + 1);
        const auto of_image = [&](Index_rule rule, std::string what) {
            return tl::unexpected(Index_fault{rule, slot, printable(image.name), std::move(what)});
        };
        if (const auto fault = name_fault(image.name))
            return of_image(Index_rule::name, "has a bad name: it " + *fault);
        if (const Image* const same = index.find(image.name))
            return of_image(Index_rule::duplicate,
                            "has the name of image " + std::to_string(same - index.images.data() + 1));
        const auto next = next_offset(offset, image.size);
        if (!next) return of_image(Index_rule::size, "ends beyond the largest possible disk");
        index.images.push_back(
            {image.name, image.size, offset, std::nullopt, spec.plain ? Kind::data : image.kind});
        offset = *next;
    }
    const auto padded = next_offset(spec.disk_bytes, 0);
    if (spec.disk_bytes != 0 && (!padded || *padded < offset))
        return of_header(Index_rule::disk_bytes, "cannot be " + std::to_string(spec.disk_bytes) +
                                                     " bytes: the images need " + std::to_string(offset));
    index.disk_bytes = std::max(offset, spec.disk_bytes != 0 ? *padded : 0);
    return index;
}

std::vector<std::byte> encode(const Index& index) {
    XVM_ASSERT(index.images.size() <= images_max);
    xvm_pack_index raw{};
    std::memcpy(raw.header.magic, XVM_PACK_MAGIC, sizeof raw.header.magic);
    raw.header.major = XVM_PACK_MAJOR;
    raw.header.minor = XVM_PACK_MINOR;
    raw.header.flags = index.plain ? XVM_PACK_PLAIN : 0;
    raw.header.disk_bytes = index.disk_bytes;
    raw.header.image_count = static_cast<std::uint32_t>(index.images.size());
    raw.header.build_time_s = index.build_time_s;
    put_text(raw.header.label, index.label);

    xvm_pack_entry* entry = raw.entries;
    for (const Image& image : index.images) {
        put_text(entry->name, image.name);
        entry->size_bytes = image.size;
        if (!index.plain) {
            XVM_ASSERT(image.sum.has_value());
            entry->offset = image.offset;
            std::memcpy(entry->sha256, image.sum->data(), image.sum->size());
            entry->kind = static_cast<std::uint32_t>(image.kind);
        }
        ++entry;
    }

    std::vector<std::byte> bytes(index_bytes);
    std::memcpy(bytes.data(), &raw, sizeof raw);
    const Sum sum = index_sum(Index_span(bytes.data(), index_bytes));
    std::memcpy(bytes.data() + offsetof(xvm_pack_header, index_sha256), sum.data(), sum.size());
    return bytes;
}

Sum index_sum(Index_span bytes) {
    constexpr std::size_t at = offsetof(xvm_pack_header, index_sha256);
    Sha256 state;
    state.update(bytes.first<at>());
    state.update_zeros(sizeof(xvm_pack_header::index_sha256));
    state.update(bytes.subspan<at + sizeof(xvm_pack_header::index_sha256)>());
    return state.finish();
}

} // namespace xvm::pack
