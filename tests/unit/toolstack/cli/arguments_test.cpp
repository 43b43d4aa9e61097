// SPDX-License-Identifier: Apache-2.0
#include "toolstack/cli/arguments.hpp"

#include "toolstack/cli/request.hpp"
#include "toolstack/cli/usage.hpp"
#include "toolstack/cli/words.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>
#include <filesystem>

using namespace xvm;
using namespace xvm::cli;

namespace {

Result<Arguments> parsed(std::string_view id, const std::vector<std::string>& words) {
    return parse_arguments(*model::find_verb(id), words);
}

api::Call called(std::string_view id, const std::vector<std::string>& words) {
    const auto arguments = parsed(id, words);
    REQUIRE(arguments);
    const auto call = call_of(*arguments);
    REQUIRE(call);
    return *call;
}

} // namespace

TEST_CASE("Every verb of the model is found by its words and by its alias") {
    for (const model::Verb& verb : model::verbs()) {
        if (verb.words.empty()) continue;
        const std::size_t space = verb.words.find(' ');
        std::vector<std::string> words{std::string(verb.words.substr(0, space))};
        if (space != std::string_view::npos) words.emplace_back(verb.words.substr(space + 1));
        CHECK(find_words(words)->verb == &verb);
        CHECK(find_words(words)->words == words.size());
        if (!verb.alias.empty()) CHECK(find_words({std::string(verb.alias)})->verb == &verb);
    }
}

TEST_CASE("A mistyped verb is answered with the nearest one, a noun alone with its verbs") {
    CHECK(find_words({"destory"}).error().line() == "unknown verb 'destory'; did you mean 'destroy'?");
    CHECK(find_words({"disk", "atach", "web"}).error().line() ==
          "unknown verb 'disk atach'; did you mean 'disk attach'?");
    CHECK(find_words({"pool"}).error().line() ==
          "'pool' wants another word; add one: 'pool show', 'pool set'");
    CHECK(find_words({"frobnicate"}).error().line() ==
          "unknown verb 'frobnicate'; 'xvm --help' lists the verbs");
}

TEST_CASE("Options stand before, between or after what they belong to") {
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"web", "xvdb", "a.img", "-w", "--kind", "raw"},
          {"--kind=raw", "web", "-w", "xvdb", "a.img"},
          {"-w", "--kind", "raw", "--", "web", "xvdb", "a.img"}}) {
        const auto arguments = parsed("disk.attach", words);
        REQUIRE(arguments);
        CHECK(arguments->text("id") == "web");
        CHECK(arguments->text("dev") == "xvdb");
        CHECK(arguments->text("path") == "a.img");
        CHECK(arguments->is_on("writable"));
        CHECK(arguments->text("kind") == "raw");
    }
}

TEST_CASE("What is left out has its default, or nothing") {
    const auto arguments = parsed("create", {"guest.toml"});
    REQUIRE(arguments);
    CHECK(arguments->given("paused") == nullptr);
    CHECK_FALSE(arguments->is_on("paused"));
    CHECK(arguments->is_on("wait"));
    CHECK(arguments->text("socket") == "/run/xvm/xvmd.sock");
    CHECK(arguments->format() == Format::table);
    CHECK_FALSE(parsed("create", {"guest.toml", "--no-wait"})->is_on("wait"));
    CHECK(parsed("create", {"guest.toml", "-ojsonl"})->format() == Format::jsonl);
}

TEST_CASE("Abbreviated and repeated options are refused, and so is what the model knows to be wrong") {
    CHECK(parsed("create", {"a", "--pau"}).error().fault == Fault::usage);
    CHECK(parsed("list", {"-o", "csv", "-o", "json"}).error().line() ==
          "list: --output is given twice; usage: xvm list");
    CHECK(parsed("vcpu.set", {"web", "-1"}).error().line() ==
          "vcpu set: '-1' is below zero; leave the '-' out; usage: xvm vcpu set ID COUNT");
    CHECK(parsed("memory.set", {"web", "1T"}).error().line() ==
          "memory set: SIZE cannot be '1T'; give a whole number and KiB, MiB, GiB or TiB, such as 256MiB");
    CHECK(parsed("net.attach", {"web"}).error().line() ==
          "net attach: --bridge is missing; usage: xvm net attach ID --bridge BRIDGE");
    CHECK(parsed("vcpu.set", {"web", "1x"}).error().line() ==
          "vcpu set: COUNT cannot be '1x'; give a whole number");
    CHECK(parsed("show", {""}).error().line() == "show: ID cannot be ''; give its name");
    CHECK(parsed("list", {"-o", "jsno"}).error().line() ==
          "list: unknown output format 'jsno'; formats are table, json, jsonl and csv");
}

TEST_CASE("Arguments become the request that the model says") {
    const api::Call wait = called("wait", {"a/b", "running", "-t", "30s"});
    CHECK(wait.method == "GET");
    CHECK(wait.target == "/v1/domains/a%2Fb/wait?state=running&timeout=30s");
    CHECK(wait.body.empty());

    const api::Call detach = called("disk.detach", {"web", "xvdb", "--force", "--no-wait"});
    CHECK(detach.method == "DELETE");
    CHECK(detach.target == "/v1/domains/web/disks/xvdb?force=1&wait=0");

    const api::Call attach = called("disk.attach", {"web", "xvdb", "a.img", "-w"});
    CHECK(attach.target == "/v1/domains/web/disks");
    CHECK(attach.content_type == "application/json");
    const auto body = boost::json::parse(attach.body);
    CHECK(body.at("dev") == "xvdb");
    CHECK(body.at("path").as_string() == (std::filesystem::current_path() / "a.img").c_str());
    CHECK(body.at("writable") == true);
    CHECK_FALSE(body.get_object().contains("kind"));

    CHECK(called("vcpu.set", {"web", "2"}).body == R"({"count":2})");
    CHECK(called("list", {"-o", "json", "--socket", "/x"}).target == "/v1/domains");
}

TEST_CASE("A request needs what is in its path, and the file that is its body") {
    CHECK(call_of(*parsed("config.add", {"guest.toml"})).error().fault == Fault::not_found);
    CHECK(call_of(*parsed("create", {"/nowhere/guest.toml"})).error().fault == Fault::not_found);
}

TEST_CASE("Usage and help come from the model") {
    const std::string usage = usage_text();
    for (const model::Verb& verb : model::verbs()) {
        if (verb.words.empty()) continue;
        CHECK(usage.find(std::string(verb.summary)) != std::string::npos);
        const std::string help = help_text(verb);
        CHECK(help.starts_with("Usage: " + usage_line(verb)));
        for (const model::Parameter& one : verb.parameters) {
            if (!one.positional && !one.hidden) CHECK(help.find(option_name(one)) != std::string::npos);
            if (one.hidden) CHECK(help.find(option_name(one)) == std::string::npos);
        }
    }
}
