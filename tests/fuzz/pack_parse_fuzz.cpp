// SPDX-License-Identifier: Apache-2.0
// libFuzzer's entry to the pack parser.
#include "tests/fuzz/pack_parse_check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    xvm::pack::test::check_one(std::as_bytes(std::span(data, size)));
    return 0;
}
