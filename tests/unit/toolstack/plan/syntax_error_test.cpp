// SPDX-License-Identifier: Apache-2.0
#include "toolstack/plan/config.hpp"

#include <catch2/catch.hpp>

using namespace xvm;
using namespace xvm::plan;

namespace {

/// What is said of line 2, after a first line that is good.
std::string said(const std::string& line) {
    const auto parsed = parse_config({"name = \"web\"\n" + line, "/g.toml", {}});
    INFO(line);
    REQUIRE_FALSE(parsed);
    REQUIRE(parsed.error().size() == 1);
    CHECK(parsed.error()[0].fault == Fault::usage);
    CHECK_FALSE(parsed.error()[0].remedy.empty());
    return parsed.error()[0].line();
}

} // namespace

TEST_CASE("What is no TOML is told in a user's words, where it has to be changed") {
    using namespace std::string_literals;
    const std::string open = "the text is not closed; end it with a quote in the same line";
    CHECK(said("kernel = vmlinux") ==
          "/g.toml:2:10: 'vmlinux' is no value; write a text in quotes: \"vmlinux\"");
    CHECK(said("pin = [0, cpu1]") == "/g.toml:2:11: 'cpu1' is no value; write a text in quotes: \"cpu1\"");
    CHECK(said("memory = 64MiB") == "/g.toml:2:10: '64MiB' is no value; write a text in quotes: \"64MiB\"");
    CHECK(said("x = True") == "/g.toml:2:5: 'True' is no value; write true or false, in small letters");
    CHECK(said("kernel = \"vmlinux\nmemory = 1") == "/g.toml:2:18: " + open);
    CHECK(said("kernel = \"vmlinux") == "/g.toml:2:18: " + open);
    CHECK(said("kernel = 'vmlinux\n") == "/g.toml:2:18: " + open);
    CHECK(said("  name = \"x\"") ==
          "/g.toml:2:3: 'name' is set twice; keep one of them, line 1 has the other");
    CHECK(said("[disk]\n[disk]\n") ==
          "/g.toml:3:1: 'disk' is set twice; write [[disk]], with two brackets, before each");
    CHECK(said("x = \"caf\xe9\"\n") == "/g.toml:2:9: the file is not UTF-8 here; save it as UTF-8");
    CHECK(said("\0\0\0"s) == "/g.toml:2:1: there is a zero byte; the file is damaged: write it anew");
    CHECK(said("kernel =\n") ==
          "/g.toml:2:9: the value is missing; write it after the '=', or remove the line");
    CHECK(said("kernel: 'x'") == "/g.toml:2:7: there is no '=' after the key; write: key = value");
    CHECK(said("[[disk]\n") == "/g.toml:2:8: the section's name is not closed; write [name] or [[name]]");
    CHECK(said("pin = [0, 1\n") == "/g.toml:2:13: the list is not closed; end it with ]");
    CHECK(said("vcpus = 08") == "/g.toml:2:11: a number does not begin with 0; write it without");
    CHECK(said("vcpus = 99999999999999999999").find("the number is too large; write a smaller one") !=
          std::string::npos);
}

TEST_CASE("A file with nothing in it is empty, not full of things missing") {
    for (const char* const text : {"", "\n\n", "# name = 'web'\n"}) {
        const auto parsed = parse_config({text, "/g.toml", {}});
        REQUIRE_FALSE(parsed);
        REQUIRE(parsed.error().size() == 1);
        CHECK(parsed.error()[0].line() ==
              "/g.toml: is empty; write what the guest is: xvm.toml(5) has an example");
    }
}
