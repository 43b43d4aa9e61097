// SPDX-License-Identifier: Apache-2.0
// libFuzzer's entry to channel_check.hpp: the first bit says which of its two checks.
#include "tests/fuzz/channel_check.hpp"

#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::span input(data + 1, size - 1);
    if ((data[0] & 1) != 0) {
        static_cast<void>(xvm::channel::test::check_peer(input));
        return 0;
    }
    std::vector<std::uint64_t> words(input.size() / 8);
    if (!words.empty()) std::memcpy(words.data(), input.data(), words.size() * 8);
    static_cast<void>(xvm::channel::test::check_stream(words));
    return 0;
}
