// SPDX-License-Identifier: Apache-2.0
#include "toolstack/plan/size.hpp"

#include <catch2/catch.hpp>

using namespace xvm::plan;

TEST_CASE("A size is a whole number with its unit, and nothing else is one") {
    CHECK(parse_size("256MiB") == 256ULL << 20);
    CHECK(parse_size("1 GiB") == 1ULL << 30);
    CHECK(parse_size("4KiB") == 4096);
    for (const char* bad : {"", "256", "MiB", "256MB", "256mib", "-1MiB", "1.5GiB", "1GiB ", " 1GiB",
                            "1  GiB", "99999999999TiB", "99999999999999999999MiB"})
        CHECK_FALSE(parse_size(bad));
}

TEST_CASE("A size is shown in the largest unit that keeps it whole") {
    CHECK(size_text(256ULL << 20) == "256MiB");
    CHECK(size_text(1536ULL << 20) == "1536MiB");
    CHECK(size_text(2ULL << 30) == "2GiB");
    CHECK(size_text(100) == "100B");
    CHECK(size_text(0) == "0B");
}
