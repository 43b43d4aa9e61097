// SPDX-License-Identifier: Apache-2.0
// The fuzzer's game with random moves, for builds without libFuzzer.
#include "tests/fuzz/block_device_run.hpp"
#include "tests/unit/backends/temporary_file.hpp"

#include <catch2/catch.hpp>
#include <cstdio>
#include <random>

using namespace xvm;

TEST_CASE("Random hostile guests get statuses, or stop their own ring, and nothing else", "[R-14]") {
    const test::Temporary_file file(64 * 1024);
    const block::Image image = *block::Image::open_raw(file.path(), false);
    std::mt19937 random(2026);
    unsigned long broken = 0, done = 0, refused = 0, failed = 0;
    constexpr int games = 3000;
    for (int game = 0; game < games; ++game) {
        std::vector<std::uint8_t> moves(1 + random() % 3000);
        for (std::uint8_t& move : moves)
            move = static_cast<std::uint8_t>(random());
        test::Block_game g(moves, image);
        g.play();
        broken += g.broken();
        done += g.counters().reads + g.counters().writes + g.counters().flushes;
        refused += g.counters().refused;
        failed += g.counters().failed;
    }
    std::printf("block device: %d random hostile guests: %lu requests carried out, %lu refused, %lu failed, "
                "%lu rings stopped\n",
                games, done, refused, failed, broken);
    // The game reaches every outcome.
    CHECK(done > 1000);
    CHECK(refused > 1000);
    CHECK(failed > 1000);
    CHECK(broken > 100);
    CHECK(broken < games);
}
