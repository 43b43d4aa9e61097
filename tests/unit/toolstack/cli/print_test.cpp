// SPDX-License-Identifier: Apache-2.0
#include "toolstack/cli/print.hpp"

#include "toolstack/cli/cells.hpp"
#include "toolstack/cli/usage_rates.hpp"
#include "toolstack/command/output.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

using namespace xvm;
using namespace xvm::cli;
namespace json = boost::json;

namespace {

const json::value guests = json::parse(R"({"schema": "xvm.domains/1", "domains": [
    {"domid": 0, "uuid": "u0", "name": "Domain-0", "type": "pv", "state": "running", "managed": false, "vcpus": 1,
     "memory_bytes": 268435456, "memory_max_bytes": 268435456, "cpu_time_ns": 61200000000, "has_console": false,
     "console_tty": "", "disks": []},
    {"domid": 12, "uuid": "u1", "name": "", "type": "pvh", "state": "wants reboot", "managed": true, "vcpus": 2,
     "memory_bytes": 8388608, "memory_max_bytes": 8388608, "cpu_time_ns": 3723400000000, "has_console": true,
     "console_tty": "/dev/pts/1", "disks": [{"dev": "xvda", "devid": 51712, "kind": "raw", "path": "/a,\"b\".img",
     "mode": "w", "backend_state": "connected", "frontend_state": "connected", "error": ""}]}]})");

std::string printed(std::string_view id, const std::vector<std::string>& words, const json::value& answer) {
    const auto arguments = parse_arguments(*model::find_verb(id), words);
    REQUIRE(arguments);
    const auto columns = columns_of(*arguments);
    REQUIRE(columns);
    return answer_text(*arguments, *columns, answer);
}

} // namespace

TEST_CASE("A table has the model's headings, numbers to the right, and a dash for nothing") {
    CHECK(printed("list", {}, guests) == "ID  NAME      TYPE  STATE         VCPUS   MEMORY   CPU TIME\n"
                                         " 0  Domain-0  pv    running           1  256 MiB     1:01.2\n"
                                         "12  -         pvh   wants reboot      2    8 MiB  1:02:03.4\n");
    CHECK(printed("list", {"--columns", "name,domid", "--no-header"}, guests) ==
          "Domain-0   0\n-         12\n");
}

TEST_CASE("What a terminal would obey is shown, not done") {
    const json::value disks = json::parse(
        R"({"schema": "xvm.disks/1", "disks": [{"dev": "xvda", "error": "\u001b[2J\n\u0007é"}]})");
    CHECK(printed("disk.list", {"web", "--columns", "dev,error", "--no-header"}, disks) ==
          "xvda  \\x1b[2J\\x0a\\x07é\n");
    const api::Failure failure{Error{Fault::failed, "domain '\x1b]0;x\x07'", "is\nodd", ""}};
    CHECK(command::refusal_text("xvm", failure) == "xvm: domain '\\x1b]0;x\\x07': is\\x0aodd\n");
}

TEST_CASE("A table leaves out a column that says nothing of any row") {
    const json::value disks =
        json::parse(R"({"schema": "xvm.disks/1", "disks": [{"dev": "xvda", "error": ""}]})");
    const std::string text = printed("disk.list", {"web"}, disks);
    CHECK(text.find("DEV") == 0);
    CHECK(text.find("ERROR") == std::string::npos);
    CHECK(printed("disk.list", {"web", "--columns", "dev,error"}, disks) == "DEV   ERROR\nxvda  -\n");
}

TEST_CASE("A table without rows is a sentence") {
    const json::value none = json::parse(R"({"schema": "xvm.disks/1", "name": "web", "disks": []})");
    CHECK(printed("disk.list", {"web"}, none) == "domain 'web' has no disk\n");
    CHECK(printed("disk.list", {"web", "--columns", "dev"}, none) == "DEV\n");
    CHECK(printed("disk.list", {"web", "-o", "csv", "--columns", "dev"}, none) == "dev\n");
}

TEST_CASE("CSV has the names and the plain values of the JSON, quoted where it must be") {
    CHECK(printed("list", {"-o", "csv", "--columns", "domid,name,memory_bytes,managed"}, guests) ==
          "domid,name,memory_bytes,managed\n0,Domain-0,268435456,false\n12,,8388608,true\n");
    const json::value disks =
        json::object{{"schema", "xvm.disks/1"}, {"disks", guests.at("domains").at(1).at("disks")}};
    CHECK(printed("disk.list", {"web", "-o", "csv", "--columns", "path,mode", "--no-header"}, disks) ==
          "\"/a,\"\"b\"\".img\",w\n");
}

TEST_CASE("JSON lines are the rows, and each says what it is") {
    const std::string text = printed("list", {"-o", "jsonl"}, guests);
    CHECK(std::count(text.begin(), text.end(), '\n') == 2);
    const json::value first = json::parse(text.substr(0, text.find('\n')));
    CHECK(first.at("schema") == "xvm.domain/1");
    CHECK(first.at("uuid") == "u0");
    CHECK(json::parse(printed("list", {"-o", "json"}, guests)) == guests);
}

TEST_CASE("What is no list is shown as facts, with a table for each list in it") {
    json::value guest = guests.at("domains").at(1);
    guest.get_object()["schema"] = "xvm.domain/1";
    const std::string text = printed("show", {"12"}, guest);
    CHECK(text.find("\nstate ") != std::string::npos);
    CHECK(text.find("\n\nDEV   KIND") != std::string::npos);
    CHECK(printed("show", {"12", "--columns", "memory_bytes,name,managed"}, guest) ==
          "name     -\nmanaged  yes\nmemory   8 MiB\n");
    CHECK(printed("destroy", {"12"}, guest) == "domain '-' is destroyed, number 12\n");
}

TEST_CASE("An answer of another shape than the usual is shown by its own schema") {
    const json::value plan = json::parse(R"({"schema": "xvm.plan/1", "steps": [
        {"name": "build", "op": "build", "undo": "", "args": {}}]})");
    CHECK(printed("create", {"f", "--dry-run"}, plan) == "STEP   OPERATION\nbuild  build\n");
    const json::value operation = json::parse(R"({"schema": "xvm.operation/1", "id": 7})");
    CHECK(printed("create", {"f", "--no-wait"}, operation) ==
          "operation 7 goes on; 'xvm operation list' shows it\n");
}

TEST_CASE("An unknown column is answered with the nearest") {
    const auto columns = columns_of(*parse_arguments(*model::find_verb("list"), {"--columns", "domid,stat"}));
    REQUIRE_FALSE(columns);
    CHECK(columns.error().line() == "list: no column 'stat'; did you mean 'state'?");
}

TEST_CASE("Use is the difference of two counts, and who came meanwhile has none") {
    const json::value before = json::parse(R"({"time_ns": 1000, "domains": [{"domid": 1, "cpu_time_ns": 100},
                                                                            {"domid": 2, "cpu_time_ns": 900}]})");
    json::value now = json::parse(R"({"time_ns": 2000, "domains": [
        {"domid": 1, "cpu_time_ns": 225}, {"domid": 2, "cpu_time_ns": 500}, {"domid": 3, "cpu_time_ns": 5}]})");
    add_rates(now, before);
    CHECK(now.at("domains").at(0).at("cpu_permille") == 125);
    CHECK(now.at("domains").at(1).at("cpu_permille") == 500); // its number was given to another
    CHECK(member(now.at("domains").at(2), "cpu_permille") == nullptr);
    sort_domains(now, "cpu_permille");
    CHECK(now.at("domains").at(0).at("domid") == 2);
    CHECK(now.at("domains").at(2).at("domid") == 3);

    json::value odd = json::parse(R"({"time_ns": 1000, "domains": "none"})");
    add_rates(odd, before);
    sort_domains(odd, "name");
    CHECK(odd.at("domains") == "none");
}
