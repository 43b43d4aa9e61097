// SPDX-License-Identifier: Apache-2.0
#include "toolstack/cli/memory_picture.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <catch2/catch.hpp>
#include <sstream>
#include <vector>

using xvm::cli::memory_picture;
namespace json = boost::json;

namespace {

constexpr std::uint64_t mib = 1ULL << 20;

json::object domain(const char* name, std::uint64_t has, std::uint64_t least, std::uint64_t most) {
    return {{"name", name},
            {"memory_bytes", has * mib},
            {"target_bytes", has * mib},
            {"memory_min_bytes", least * mib},
            {"memory_max_bytes", most * mib},
            {"movable", "yes"}};
}

json::value memory() {
    json::object web = domain("web", 512, 128, 1024), db = domain("db", 256, 128, 256);
    web["used_bytes"] = 256 * mib;
    db["target_bytes"] = 192 * mib;
    db["moves"] = "memory move 'db' to 'web'";
    return json::object{{"total_bytes", 2048 * mib},
                        {"available_bytes", 700 * mib},
                        {"promised_bytes", 64 * mib},
                        {"host_reserve_bytes", 0},
                        {"domains", json::array{web, db}}};
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);)
        lines.push_back(line);
    return lines;
}

} // namespace

TEST_CASE("who has what, uses what and may get what is seen at one scale", "[cli]") {
    const auto lines = lines_of(memory_picture(memory(), 80, false));
    REQUIRE(lines.size() == 3);
    CHECK(lines[0] == "host  2048 MiB: domains 768, available 700, promised 64");
    CHECK(lines[1].rfind("web       512 MiB  ", 0) == 0);
    CHECK(lines[1].find("uses 256 MiB") != std::string::npos);
    CHECK(lines[2].find("T") != std::string::npos);
    CHECK(lines[2].find("move 'db' to 'web'") != std::string::npos);
    const auto count = [&](char c) { return std::count(lines[1].begin(), lines[1].end(), c); };
    CHECK(count('|') == 1);
    CHECK(std::abs(count('#') + 1 - count('+')) <= 1);              // half of what it has is in use
    CHECK(std::abs(count('.') - count('+') - count('#') - 1) <= 1); // and it may double
}

TEST_CASE("no line is wider than the terminal", "[cli]") {
    for (std::size_t width = 40; width < 200; ++width)
        for (const std::string& line : lines_of(memory_picture(memory(), width, false)))
            REQUIRE(line.size() <= width);
}

TEST_CASE("without colour there are no codes, with it every line ends plain", "[cli]") {
    CHECK(memory_picture(memory(), 80, false).find('\033') == std::string::npos);
    for (const std::string& line : lines_of(memory_picture(memory(), 80, true)))
        if (line.find('\033') != std::string::npos) CHECK(line.rfind("\033[0m") != std::string::npos);
}

TEST_CASE("an answer without numbers is drawn as far as it goes", "[cli]") {
    CHECK_FALSE(memory_picture(json::object{}, 80, false).empty());
    CHECK_FALSE(memory_picture(json::object{{"domains", json::array{json::object{}, 7}}}, 80, true).empty());
}
