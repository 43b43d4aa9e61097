// SPDX-License-Identifier: Apache-2.0
#include "toolstack/pack/command_line.hpp"

#include <array>
#include <catch2/catch.hpp>

using namespace xvm;
using namespace xvm::pack_tool;

namespace {

const std::array<const Verb*, 5> verbs{&build_verb, &ls_verb, &cat_verb, &extract_verb, &verify_verb};

} // namespace

TEST_CASE("A mistyped verb is answered with the nearest one") {
    CHECK(*find_verb(verbs, "extract") == &extract_verb);
    CHECK(find_verb(verbs, "extarct").error().line() == "unknown verb 'extarct'; did you mean 'extract'?");
    CHECK(find_verb(verbs, "frobnicate").error().line() ==
          "unknown verb 'frobnicate'; 'xvm-pack --help' lists the verbs");
}

TEST_CASE("Options stand before or after what they belong to") {
    for (const std::vector<std::string>& words : {std::vector<std::string>{"p", "a", "b", "-C", "out", "-f"},
                                                  {"-f", "-C", "out", "p", "a", "b"},
                                                  {"p", "--directory=out", "a", "--force", "--", "b"}}) {
        const auto request = parse_request(extract_verb, words);
        REQUIRE(request);
        CHECK(request->arguments == std::vector<std::string>{"p", "a", "b"});
        CHECK(request->options["directory"].as<std::string>() == "out");
        CHECK(request->has("force"));
    }
}

TEST_CASE("A name that starts with a dash is given after --") {
    CHECK(parse_request(cat_verb, {"p", "--", "-name"})->arguments.back() == "-name");
}

TEST_CASE("A mistyped option or format is a usage error that says how to mend it") {
    CHECK(parse_request(build_verb, {"--lable", "x"}).error().line() ==
          "build: unknown option '--lable'; did you mean '--label'?");
    CHECK(parse_request(build_verb, {"--lab", "x"}).error().fault == Fault::usage); // no abbreviations
    CHECK(parse_request(ls_verb, {"-q"}).error().fault == Fault::usage);
    CHECK(parse_request(ls_verb, {"-o"}).error().fault == Fault::usage);
    CHECK(parse_request(ls_verb, {"-o", "yaml"}).error().line() ==
          "ls: unknown output format 'yaml'; formats are table json");
    CHECK(parse_request(ls_verb, {"p", "-o", "json"})->format == Format::json);
}

TEST_CASE("Usage and help come from the table of verbs") {
    const std::string usage = usage_text(verbs);
    for (const Verb* verb : verbs) {
        CHECK(usage.find(std::string(verb->name) + " ") != std::string::npos);
        const std::string help = help_text(*verb);
        CHECK(help.find("Usage: xvm-pack " + std::string(verb->name)) == 0);
        CHECK(help.find("--help") != std::string::npos);
    }
}
