// SPDX-License-Identifier: Apache-2.0
#include "toolstack/balance/report.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <string>

using xvm::balance::parse_report;

TEST_CASE("a report is read as it was written", "[balance]") {
    const auto report = parse_report("1 7 262144 131072 65536 1234 56");
    REQUIRE(report);
    CHECK(report->seq == 7);
    CHECK(report->total_bytes == 256ULL << 20);
    CHECK(report->available_bytes == 128ULL << 20);
    CHECK(report->working_set_bytes == 64ULL << 20);
    CHECK(report->some_centipercent == 1234);
    CHECK(report->full_centipercent == 56);
}

TEST_CASE("whatever is not exactly a report is none", "[balance]") {
    for (const char* text :
         {"", " ", "1", "1 7 262144 131072 65536 1234", "1 7 262144 131072 65536 1234 56 9",
          "2 7 262144 131072 65536 1234 56", " 1 7 262144 131072 65536 1234 56",
          "1 7 262144 131072 65536 1234 56 ", "1  7 262144 131072 65536 1234 56",
          "1 7 -1 131072 65536 1234 56", "1 7 0x10 131072 65536 1234 56", "1 7 262144 131072 65536 10001 0",
          "1 7 1099511627777 1 1 0 0", "1 7 18446744073709551616 1 1 0 0", "1 7 a b c d e",
          "1 7 262144 131072 65536 1234 56\n"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_report(text));
    }
}

TEST_CASE("no bytes make the reader of reports fail", "[balance]") {
    std::mt19937_64 random(5);
    const std::string letters = "0123456789  \t-x\0\n";
    for (int round = 0; round < 20'000; ++round) {
        std::string text(random() % 60, ' ');
        for (char& c : text)
            c = random() % 8 == 0 ? static_cast<char>(random()) : letters[random() % letters.size()];
        const auto report = parse_report(text);
        if (report) CHECK(report->some_centipercent <= 10000);
    }
}
