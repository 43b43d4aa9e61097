// SPDX-License-Identifier: Apache-2.0
// Every single bit of an index flipped: with the checksum as it was, and as an attacker would mend it.
#include "tests/unit/libvmshare/pack/craft.hpp"
#include "tests/unit/libvmshare/pack/invariant.hpp"

#include <catch2/catch.hpp>
#include <map>

using namespace xvm::pack;
using namespace xvm::pack::test;

namespace {

void flip(Bytes& bytes, std::size_t bit) {
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
}

} // namespace

TEST_CASE("Every flip of one of the 524288 bits of an index is refused", "[P-10]") {
    const Bytes good = craft({5000, 0, 9000});
    REQUIRE(parse_bytes(good));
    Bytes bytes = good;
    std::size_t by_rules = 0;
    std::size_t by_sum = 0;
    for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
        flip(bytes, bit);
        const auto refused = parse_bytes(bytes);
        flip(bytes, bit);
        if (refused) FAIL("flipped bit " << bit << " goes unnoticed");
        ++(refused.error().rule == Index_rule::sum ? by_sum : by_rules);
    }
    CHECK(by_rules + by_sum == 524288);
    // Without the checksum these would have gone unnoticed: it earns its place.
    CHECK(by_sum > 0);
    WARN("flips: " << by_rules + by_sum << ", refused by a rule: " << by_rules
                   << ", by the checksum: " << by_sum << ", unnoticed: 0");
}

TEST_CASE("A flip with a mended checksum is refused, or harmless", "[P-10]") {
    const Bytes good = craft({5000, 0, 9000});
    const std::size_t used = 8 * 256 * 5; // header, three entries, one slot that is not in use
    Bytes bytes = good;
    std::size_t refusals = 0;
    std::size_t harmless = 0;
    for (std::size_t bit = 0; bit < used; ++bit) {
        bytes = good;
        flip(bytes, bit);
        reseal(bytes);
        const auto index = parse_bytes(bytes);
        if (!index) {
            ++refusals;
        } else {
            const auto broken = broken_invariant(*index);
            if (broken) FAIL("flipped bit " << bit << ": " << *broken);
            ++harmless;
        }
    }
    // Harmless are names, sums, kinds, label, time, compat and minor: what only a signature can bind.
    WARN("resealed flips: " << used << ", refused: " << refusals << ", harmless: " << harmless);
    CHECK(refusals > harmless);
}
