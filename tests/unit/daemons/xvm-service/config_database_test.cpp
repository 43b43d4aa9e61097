// SPDX-License-Identifier: Apache-2.0
// [S-10] The database of configurations: what was written is there again, what is damaged is kept aside.
#include "daemons/xvm-service/config_database.hpp"
#include "tests/unit/daemons/common/scratch.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

using namespace xvm;
using service::Config_database;
namespace fs = std::filesystem;

namespace {

std::unique_ptr<Config_database> opened(const std::string& directory) {
    auto database = Config_database::open(directory);
    INFO((database ? std::string() : database.error().line()));
    REQUIRE(database);
    return std::move(*database);
}

void spoil(const std::string& path, std::streamoff from, std::size_t bytes) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(from);
    file << std::string(bytes, '\x5a');
}

} // namespace

TEST_CASE("[S-10] what is stored outlives the service") {
    const tests::Scratch scratch;
    {
        const auto database = opened(scratch.path());
        CHECK(database->names()->empty());
        CHECK(*database->read("web") == std::nullopt);
        REQUIRE(database->write("web", "a"));
        REQUIRE(database->write("web", "b"));
        REQUIRE(database->write("db", std::string(1000000, 'x')));
        REQUIRE(database->write("gone", "x"));
        CHECK(*database->remove("gone"));
        CHECK_FALSE(*database->remove("gone"));
    }
    const auto again = opened(scratch.path());
    CHECK(*again->names() == std::vector<std::string>{"db", "web"});
    CHECK(**again->read("web") == "b");
    CHECK((*again->read("db"))->size() == 1000000);
    CHECK(again->damaged().empty());
}

TEST_CASE("names and texts are values, never statements") {
    const tests::Scratch scratch;
    const auto database = opened(scratch.path());
    const std::string wild = "x'); DROP TABLE configs; --";
    REQUIRE(database->write(wild, wild));
    CHECK(**database->read(wild) == wild);
    CHECK(database->names()->size() == 1);
}

TEST_CASE("a damaged database is kept aside, told, and another is begun") {
    const tests::Scratch scratch;
    const std::string path = scratch.path() + "/configs.db";
    {
        const auto database = opened(scratch.path());
        for (int i = 0; i < 200; ++i)
            REQUIRE(database->write("guest-" + std::to_string(i), std::string(500, 'x')));
    }
    SECTION("its head") {
        spoil(path, 0, 100);
    }
    SECTION("within") {
        spoil(path, 8192, 4096);
    }
    SECTION("cut short") {
        fs::resize_file(path, fs::file_size(path) / 2);
    }
    const auto size = fs::file_size(path);
    const auto database = opened(scratch.path());
    CHECK(database->damaged() == path + ".damaged");
    CHECK(fs::file_size(path + ".damaged") == size);
    CHECK(database->names()->empty());
    REQUIRE(database->write("web", "a"));
    CHECK(opened(scratch.path())->damaged().empty());
}

TEST_CASE("the second damaged database does not take the place of the first") {
    const tests::Scratch scratch;
    const std::string path = scratch.path() + "/configs.db";
    for (int i = 0; i < 2; ++i) {
        std::ofstream(path) << std::string(8192, 'x');
        CHECK_FALSE(opened(scratch.path())->damaged().empty());
    }
    CHECK(fs::exists(path + ".damaged"));
    CHECK(fs::exists(path + ".damaged.1"));
}

TEST_CASE("a directory that is not there is an error, not a crash") {
    const auto database = Config_database::open("/nowhere/at/all");
    REQUIRE_FALSE(database);
    CHECK(database.error().object == "/nowhere/at/all/configs.db");
}
