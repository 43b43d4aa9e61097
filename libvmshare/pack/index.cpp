// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/pack/index.hpp"

#include "libvmshare/pack/layout.hpp"

#include <algorithm>

namespace xvm::pack {

static_assert(kind_names.size() == XVM_PACK_KINDS);
static_assert(static_cast<unsigned>(Kind::data) == XVM_PACK_DATA &&
              static_cast<unsigned>(Kind::kernel) == XVM_PACK_KERNEL &&
              static_cast<unsigned>(Kind::ramdisk) == XVM_PACK_RAMDISK &&
              static_cast<unsigned>(Kind::rootfs) == XVM_PACK_ROOTFS &&
              static_cast<unsigned>(Kind::cmdline) == XVM_PACK_CMDLINE &&
              static_cast<unsigned>(Kind::dtb) == XVM_PACK_DTB);

std::string_view name_of(Kind kind) noexcept {
    return kind_names[static_cast<std::size_t>(kind)];
}

std::optional<Kind> kind_named(std::string_view name) noexcept {
    const auto* const at = std::find(kind_names.begin(), kind_names.end(), name);
    if (at == kind_names.end()) return std::nullopt;
    return static_cast<Kind>(at - kind_names.begin());
}

const Image* Index::find(std::string_view name) const noexcept {
    const auto at =
        std::find_if(images.begin(), images.end(), [&](const Image& i) { return i.name == name; });
    return at == images.end() ? nullptr : &*at;
}

std::uint64_t Index::data_end() const noexcept {
    return images.empty() ? index_bytes : images.back().offset + images.back().size;
}

std::string hex(const Sum& sum) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(2 * sum.size());
    for (const std::byte b : sum) {
        text += digits[std::to_integer<unsigned>(b) >> 4];
        text += digits[std::to_integer<unsigned>(b) & 15];
    }
    return text;
}

} // namespace xvm::pack
