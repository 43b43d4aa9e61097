// SPDX-License-Identifier: Apache-2.0
// The fuzzer's check without libFuzzer: seeds, and mutations of them by a fixed random source. For
// builds that have no clang; it finds less, and runs everywhere.
#include "tests/fuzz/pack_parse_check.hpp"
#include "tests/fuzz/pack_seeds.hpp"

#include <catch2/catch.hpp>
#include <random>

using namespace xvm::pack::test;

namespace {

using Random = std::mt19937_64;

void mutate(Bytes& input, Random& random) {
    constexpr std::array<std::uint64_t, 10> edges{0,          1,          4095,       4096,      65536,
                                                  1ULL << 32, 1ULL << 62, 1ULL << 63, ~0ULL - 1, ~0ULL};
    const auto word_at = [&] { return 9 + 8 * (random() % ((input.size() - 9) / 8)); };
    switch (random() % 5) {
    case 0: // a bit
        input[random() % input.size()] ^= std::byte{1} << (random() % 8);
        break;
    case 1: // a number at an edge
        std::memcpy(&input[word_at()], &edges[random() % edges.size()], 8);
        break;
    case 2: { // a number a little off
        std::uint64_t word = 0;
        std::byte* const at = &input[word_at()];
        std::memcpy(&word, at, 8);
        word += random() % 8192 - 4096;
        std::memcpy(at, &word, 8);
        break;
    }
    case 3: // a character of a name
        if (input.size() > 9 + 256)
            input[9 + 256 + random() % 96] = static_cast<std::byte>("./.-_ax\0"[random() % 8]);
        break;
    default: // a slot over another
        if (const std::size_t slots = (input.size() - 9) / 256; slots > 1)
            std::memmove(&input[9 + 256 * (random() % slots)], &input[9 + 256 * (random() % slots)], 256);
    }
}

} // namespace

TEST_CASE("Seeds are accepted, and no mutation of one makes the parser break its word", "[P-10]") {
    const auto seeds = pack_seeds();
    for (const Bytes& seed : seeds)
        REQUIRE(check_one(seed));
    constexpr unsigned rounds = 60000;
    Random random(41);
    unsigned accepted = 0;
    for (unsigned round = 0; round < rounds; ++round) {
        Bytes input = seeds[random() % seeds.size()];
        for (auto left = 1 + random() % 4; left > 0; --left)
            mutate(input, random);
        accepted += check_one(input) ? 1 : 0;
    }
    WARN("seeds: " << seeds.size() << ", mutations: " << rounds << ", refused: " << rounds - accepted
                   << ", accepted and sound: " << accepted);
    CHECK(accepted > 0);
    CHECK(accepted < rounds);
}
