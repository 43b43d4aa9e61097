// SPDX-License-Identifier: Apache-2.0
// Packs made by hand, byte by byte, so that the tests do not trust the code they test.
#pragma once

#include "libvmshare/abi/pack.h"
#include "libvmshare/pack/encode.hpp"
#include "libvmshare/pack/parse.hpp"

#include <cstring>
#include <string>
#include <vector>

namespace xvm::pack::test {

using Bytes = std::vector<std::byte>;

/// The index of `bytes`, to be read and changed in place.
inline xvm_pack_index& raw(Bytes& bytes) {
    return *reinterpret_cast<xvm_pack_index*>(bytes.data());
}

/// Makes the checksum right again, as an attacker would.
inline void reseal(Bytes& bytes) {
    const Sum sum = index_sum(Index_span(bytes.data(), index_bytes));
    std::memcpy(raw(bytes).header.index_sha256, sum.data(), sum.size());
}

inline tl::expected<Index, Index_fault> parse_bytes(const Bytes& bytes, std::uint64_t disk_bytes = ~0ULL) {
    return parse(Index_span(bytes.data(), index_bytes), disk_bytes);
}

/// The offset rule as docs/protocols/pack.md words it, and not as layout.hpp computes it.
inline std::vector<std::uint64_t> offsets_by_rule(const std::vector<std::uint64_t>& sizes) {
    std::vector<std::uint64_t> offsets;
    std::uint64_t at = 65536;
    for (const std::uint64_t size : sizes) {
        offsets.push_back(at);
        at += size;
        while (at % 4096 != 0)
            ++at;
    }
    offsets.push_back(at); // the end of the disk
    return offsets;
}

/// A sealed index with images "image1", "image2" … of these sizes.
inline Bytes craft(const std::vector<std::uint64_t>& sizes) {
    Bytes bytes(65536);
    xvm_pack_index& index = raw(bytes);
    const auto offsets = offsets_by_rule(sizes);
    std::memcpy(index.header.magic, "XVMPACK1", 8);
    index.header.major = 1;
    index.header.disk_bytes = offsets.back();
    index.header.image_count = static_cast<std::uint32_t>(sizes.size());
    for (std::size_t at = 0; at < sizes.size(); ++at) {
        const std::string name = "image" + std::to_string(at + 1);
        std::memcpy(index.entries[at].name, name.data(), name.size());
        index.entries[at].size_bytes = sizes[at];
        index.entries[at].offset = offsets[at];
        std::memset(index.entries[at].sha256, static_cast<int>(at + 1), 32);
    }
    reseal(bytes);
    return bytes;
}

} // namespace xvm::pack::test
