// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvmd/audit.hpp"

#include "tests/unit/daemons/common/scratch.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <iterator>
#include <sys/resource.h>
#include <sys/stat.h>

using namespace xvm;
using namespace xvm::xvmd;
namespace json = boost::json;

namespace {

Audit_record record(std::string verb) {
    Audit_record made;
    made.peer = {1000, 1001, 77};
    made.verb = std::move(verb);
    made.object = "web";
    made.outcome = "done";
    made.duration = std::chrono::milliseconds(12);
    return made;
}

std::vector<json::object> lines_of(const std::string& path) {
    std::ifstream file(path);
    std::vector<json::object> all;
    for (std::string line; std::getline(file, line);)
        all.push_back(json::parse(line).as_object());
    return all;
}

} // namespace

TEST_CASE("A call that changed something leaves one line that says who, what and how it ended") {
    const tests::Scratch scratch;
    const std::string path = scratch / "log/audit.jsonl";
    {
        const auto audit = Audit::open(path, false);
        REQUIRE(audit);
        Audit_record refused = record("disk attach");
        refused.outcome = "busy";
        refused.cause = "image is in use";
        refused.arguments = {{"dev", "xvdb"}, {"size", 7}};
        (*audit)->write(record("pause"));
        (*audit)->write(refused);
    }
    const auto lines = lines_of(path);
    REQUIRE(lines.size() == 2);
    CHECK(lines[0].at("schema") == "xvm.audit/1");
    CHECK(lines[0].at("uid") == 1000);
    CHECK(lines[0].at("gid") == 1001);
    CHECK(lines[0].at("pid") == 77);
    CHECK(lines[0].at("verb") == "pause");
    CHECK(lines[0].at("object") == "web");
    CHECK(lines[0].at("duration_ms") == 12);
    CHECK(lines[0].at("time").as_string().size() == 24);
    CHECK_FALSE(lines[0].contains("cause"));
    CHECK(lines[1].at("outcome") == "busy");
    CHECK(lines[1].at("cause") == "image is in use");
    CHECK(lines[1].at("arguments").at("dev") == "xvdb");
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0007) == 0);
}

TEST_CASE("A line keeps neither secrets nor long texts") {
    const json::object shown = presentable({{"password", "hunter2"},
                                            {"console_password", "hunter2"},
                                            {"keyboard", "de"},
                                            {"config", std::string(5000, 'x')},
                                            {"disk", json::object{{"token", "hunter2"}, {"dev", "xvda"}}},
                                            {"list", json::array{std::string(300, 'y'), 5}}});
    CHECK(json::serialize(shown).find("hunter2") == std::string::npos);
    CHECK(shown.at("keyboard") == "de");
    CHECK(shown.at("config").at("bytes") == 5000);
    CHECK(shown.at("disk").at("dev") == "xvda");
    CHECK(shown.at("list").at(0).at("bytes") == 300);
}

TEST_CASE("The files are bounded, and a daemon started again goes on at the end") {
    const tests::Scratch scratch;
    const std::string path = scratch / "audit.jsonl";
    for (int run = 0; run < 3; ++run) {
        const auto audit = Audit::open(path, false, {2000, 2});
        REQUIRE(audit);
        for (int i = 0; i < 10; ++i)
            (*audit)->write(record("verb" + std::to_string(run * 10 + i)));
    }
    std::size_t files = 0;
    for (const auto& file : std::filesystem::directory_iterator(scratch.path())) {
        CHECK(file.file_size() <= 2000);
        ++files;
    }
    CHECK(files == 3);
    CHECK(lines_of(path).back().at("verb") == "verb29");
    const auto older = lines_of(scratch / "audit.1.jsonl");
    REQUIRE_FALSE(older.empty());
    CHECK(older.back().at("verb").as_string() < lines_of(path).front().at("verb").as_string());
}

TEST_CASE("On a full disk a line is left out whole, and those after it are whole again") {
    const tests::Scratch scratch;
    const std::string path = scratch / "audit.jsonl";
    const auto audit = Audit::open(path, false);
    REQUIRE(audit);
    (*audit)->write(record("first"));
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    // A limit on the file's size stands for the full disk: part of the next line still fits.
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit old{};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &old) == 0);
    const rlimit tight{static_cast<rlim_t>(status.st_size) + 10, old.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &tight) == 0);
    (*audit)->write(record("lost"));
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &old) == 0);
    (*audit)->write(record("third"));
    const auto lines = lines_of(path);
    REQUIRE(lines.size() == 2);
    CHECK(lines[1].at("verb") == "third");
}

TEST_CASE("A place that cannot be written is said at the start") {
    CHECK_FALSE(Audit::open("/proc/nowhere/audit.jsonl", false));
}
