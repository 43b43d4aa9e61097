// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/block_device_run.hpp"
#include "tests/unit/backends/temporary_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const xvm::test::Temporary_file file(64 * 1024);
    static const xvm::block::Image image = *xvm::block::Image::open_raw(file.path(), false);
    xvm::test::Block_game game({data, size}, image);
    game.play();
    return 0;
}
