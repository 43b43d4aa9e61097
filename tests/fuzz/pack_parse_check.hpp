// SPDX-License-Identifier: Apache-2.0
// One input of the pack fuzzer: bytes to parse, and what must hold of the answer.
// An input is one byte of mode, eight bytes of disk length, then the start of an index; the rest of the
// index is zero, so that inputs stay short.
#pragma once

#include "libvmshare/pack/encode.hpp"
#include "libvmshare/pack/parse.hpp"
#include "tests/unit/libvmshare/pack/invariant.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <vector>

namespace xvm::pack::test {

inline void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "pack fuzzer: %s\n", what);
    std::abort();
}

/// True if the index was accepted. Aborts where the parser broke its word.
inline bool check_one(std::span<const std::byte> input) {
    constexpr std::size_t head = 9;
    if (input.size() < head) return false;
    std::uint64_t disk_bytes = 0;
    std::memcpy(&disk_bytes, &input[1], sizeof disk_bytes);
    const std::span<const std::byte> start = input.subspan(head);
    std::vector<std::byte> bytes(index_bytes);
    std::copy_n(start.begin(), std::min<std::size_t>(start.size(), index_bytes), bytes.begin());
    if ((input[0] & std::byte{1}) != std::byte{}) { // an attacker's checksum is right
        const Sum sum = index_sum(Index_span(bytes.data(), index_bytes));
        std::copy(sum.begin(), sum.end(), bytes.begin() + offsetof(xvm_pack_header, index_sha256));
    }

    const auto index = parse(Index_span(bytes.data(), index_bytes), disk_bytes);
    if (!index) {
        const Error error = pack_error(index.error(), "pack");
        require(!error.cause.empty() && !error.remedy.empty(), "a fault without words");
        require(error.line().find_first_of("\n\x1b") == std::string::npos,
                "a message with control characters");
        return false;
    }
    if (const auto broken = broken_invariant(*index)) require(false, broken->c_str());
    // The plan of an extraction: every byte of it is on the disk, in a file of one component.
    for (const Image& image : index->images) {
        require(image.size == 0 || (image.offset < disk_bytes && image.size <= disk_bytes - image.offset),
                "an image that is not on the disk");
        require(image.name.find('/') == std::string::npos, "a name that leaves the directory");
        require(index->find(image.name) == &image, "an image that is not found by its name");
    }
    const auto again = parse(Index_span(encode(*index).data(), index_bytes), disk_bytes);
    require(again && encode(*again) == encode(*index), "an index that does not survive its own encoding");
    return true;
}

} // namespace xvm::pack::test
