// SPDX-License-Identifier: Apache-2.0
#include "toolstack/command/command_line.hpp"

#include "toolstack/pack/verb.hpp"

#include <catch2/catch.hpp>

using namespace xvm;
using namespace xvm::command;
using namespace xvm::pack_tool;

namespace {

const Program packer = xvm::pack_tool::program("1");

} // namespace

TEST_CASE("A mistyped verb is answered with the nearest one") {
    CHECK(find_verb(packer, {"extract"})->verb == &extract_verb);
    CHECK(find_verb(packer, {"extarct"}).error().line() == "unknown verb 'extarct'; did you mean 'extract'?");
    CHECK(find_verb(packer, {"frobnicate"}).error().line() ==
          "unknown verb 'frobnicate'; 'xvm-pack --help' lists the verbs");
}

TEST_CASE("Options stand before or after what they belong to") {
    for (const std::vector<std::string>& words : {std::vector<std::string>{"p", "a", "b", "-C", "out", "-f"},
                                                  {"-f", "-C", "out", "p", "a", "b"},
                                                  {"p", "--directory=out", "a", "--force", "--", "b"}}) {
        const auto request = parse_request(packer, extract_verb, words);
        REQUIRE(request);
        CHECK(request->arguments == std::vector<std::string>{"p", "a", "b"});
        CHECK(request->options["directory"].as<std::string>() == "out");
        CHECK(request->has("force"));
    }
}

TEST_CASE("A name that starts with a dash is given after --") {
    CHECK(parse_request(packer, cat_verb, {"p", "--", "-name"})->arguments.back() == "-name");
}

TEST_CASE("A mistyped option or format is a usage error that says how to mend it") {
    CHECK(parse_request(packer, build_verb, {"--lable", "x"}).error().line() ==
          "build: unknown option '--lable'; did you mean '--label'?");
    CHECK(parse_request(packer, build_verb, {"--lab", "x"}).error().fault ==
          Fault::usage); // no abbreviations
    CHECK(parse_request(packer, ls_verb, {"-q"}).error().fault == Fault::usage);
    CHECK(parse_request(packer, ls_verb, {"-o"}).error().fault == Fault::usage);
    CHECK(parse_request(packer, ls_verb, {"-o", "yaml"}).error().line() ==
          "ls: unknown output format 'yaml'; formats are table and json");
    CHECK(parse_request(packer, ls_verb, {"p", "-o", "json"})->format == Format::json);
}

TEST_CASE("Usage and help come from the table of verbs") {
    const std::string usage = usage_text(packer);
    for (const Verb* verb : packer.verbs) {
        CHECK(usage.find(std::string(verb->name) + " ") != std::string::npos);
        const std::string help = help_text(packer, *verb);
        CHECK(help.find("Usage: xvm-pack " + std::string(verb->name)) == 0);
        CHECK(help.find("--help") != std::string::npos);
    }
}
