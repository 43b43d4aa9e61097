// SPDX-License-Identifier: Apache-2.0
// [S-3] The policy fuzzer's check without libFuzzer: orders changed by a fixed random source; what passes is
// what toolstack/plan would have ordered.
#include "tests/fuzz/policy_check.hpp"

#include <catch2/catch.hpp>
#include <random>

using namespace xvm::policy::test;

namespace {

struct Counts {
    unsigned refused = 0;
    unsigned passed = 0;
    unsigned beyond = 0;
};

/// Until the first that is beyond.
Counts run(const xvm::policy::Limits& limits, unsigned rounds) {
    std::mt19937 random(3);
    Counts counts;
    for (unsigned round = 0; round < rounds; ++round) {
        std::vector<std::uint8_t> input(1 + 3 * (random() % 4));
        for (std::uint8_t& byte : input)
            byte = static_cast<std::uint8_t>(random());
        try {
            const Outcome outcome = check_order(input, limits);
            counts.refused += outcome == Outcome::refused;
            counts.passed += outcome == Outcome::passed;
        } catch (const std::logic_error& what) {
            UNSCOPED_INFO(what.what());
            ++counts.beyond;
            break;
        }
    }
    return counts;
}

} // namespace

TEST_CASE("[S-3] of orders that a hostile service changed none beyond policy passes") {
    const Counts counts = run(tight(), 30000);
    CHECK(counts.beyond == 0);
    CHECK(counts.refused > 1000);
    // Some changes change nothing, or choose another guest that may be.
    CHECK(counts.passed > 1000);
}

TEST_CASE("a policy that looks at no path is caught") {
    xvm::policy::Limits loose = tight();
    loose.roots = {"/"};
    CHECK(run(loose, 200000).beyond > 0);
}
