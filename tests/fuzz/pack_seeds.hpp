// SPDX-License-Identifier: Apache-2.0
// Where the pack fuzzer starts: valid inputs of every shape.
#pragma once

#include "tests/unit/libvmshare/pack/craft.hpp"

#include <vector>

namespace xvm::pack::test {

inline std::vector<Bytes> pack_seeds() {
    std::vector<Bytes> seeds;
    const std::vector<std::vector<std::uint64_t>> shapes{
        {}, {0}, {1}, {4096, 4097}, {5000, 0, 9000}, {(5ULL << 30) + 1, 7}, std::vector<std::uint64_t>(7, 3)};
    for (const auto& sizes : shapes) {
        for (const std::byte mode : {std::byte{0}, std::byte{1}}) {
            for (const bool plain : {false, true}) {
                Bytes index = craft(sizes);
                if (plain) {
                    raw(index).header.flags = XVM_PACK_PLAIN;
                    for (std::size_t at = 0; at < sizes.size(); ++at) {
                        raw(index).entries[at].offset = 0;
                        std::memset(raw(index).entries[at].sha256, 0, 32);
                    }
                    reseal(index);
                }
                Bytes seed(9);
                seed[0] = mode;
                std::memcpy(&seed[1], &raw(index).header.disk_bytes, 8);
                const std::size_t used = XVM_PACK_SLOT_BYTES * (1 + sizes.size());
                seed.insert(seed.end(), index.begin(), index.begin() + static_cast<std::ptrdiff_t>(used));
                seeds.push_back(std::move(seed));
            }
        }
    }
    return seeds;
}

} // namespace xvm::pack::test
