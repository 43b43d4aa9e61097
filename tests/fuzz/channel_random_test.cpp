// SPDX-License-Identifier: Apache-2.0
// The channel fuzzer's checks without libFuzzer: sound streams with something changed, and peers that do
// anything, by a fixed random source.
#include "tests/fuzz/channel_check.hpp"

#include <catch2/catch.hpp>
#include <random>

using namespace xvm::channel;
using namespace xvm::channel::test;

namespace {

using Random = std::mt19937_64;

std::vector<std::uint64_t> stream(Random& random) {
    std::vector<std::uint64_t> words;
    for (auto left = 1 + random() % 3; left > 0; --left) {
        Message message;
        message.kind = static_cast<Kind>(1 + random() % 4);
        message.id = random() % 3;
        message.payload.assign(random() % 8 == 0 ? XVM_CHANNEL_PIECE_BYTES + random() % 100 : random() % 40,
                               'a');
        const auto more = encode(message);
        words.insert(words.end(), more.begin(), more.end());
    }
    return words;
}

void change(std::vector<std::uint64_t>& words, Random& random) {
    constexpr std::array<std::uint64_t, 8> edges{0, 1, 65535, 65536, 65537, 0xffffffff, 1ULL << 32, ~0ULL};
    // Most headers lie at the start.
    std::uint64_t& word =
        words[random() % (random() % 2 == 0 ? std::min<std::size_t>(8, words.size()) : words.size())];
    switch (random() % 3) {
    case 0:
        word ^= 1ULL << (random() % 64);
        break;
    case 1:
        word = edges[random() % edges.size()];
        break;
    default:
        word += random() % 16 - 8;
    }
}

} // namespace

TEST_CASE("of changed streams only whole messages are taken, as they were sent") {
    Random random(6);
    std::size_t broken = 0;
    std::size_t messages = 0;
    for (unsigned round = 0; round < 20000; ++round) {
        auto words = stream(random);
        for (auto changes = random() % 3; changes > 0; --changes)
            change(words, random);
        const Outcome outcome = check_stream(words);
        broken += outcome.whole ? 0 : 1;
        messages += outcome.messages;
    }
    CHECK(broken > 1000);
    CHECK(messages > 1000);
}

TEST_CASE("a peer that writes anything anywhere breaks its own channel and nothing else") {
    Random random(8);
    std::size_t broken = 0;
    std::size_t messages = 0;
    for (unsigned round = 0; round < 400; ++round) {
        std::vector<std::uint8_t> input(9 * (1 + random() % 60));
        const bool wild = random() % 2 == 0;
        for (std::size_t i = 0; i < input.size(); ++i)
            input[i] = static_cast<std::uint8_t>(random());
        // A good half begins well, or nothing would ever be taken.
        for (std::size_t i = 0; i < input.size(); i += 9)
            if (!wild || i < 90) input[i] = (i / 9) % 2 == 0 ? 4 : 7;
        const Outcome outcome = check_peer(input);
        broken += outcome.whole ? 0 : 1;
        messages += outcome.messages;
    }
    CHECK(broken > 50);
    CHECK(messages > 1000);
}
