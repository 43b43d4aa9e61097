// SPDX-License-Identifier: Apache-2.0
// [S-3] Questions, the decisions made of them, and their way through JSON.
#include "toolstack/decide/decide.hpp"
#include "toolstack/plan/plan_life.hpp"
#include "toolstack/policy/policy.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>
#include <map>

using namespace xvm;
using namespace xvm::decide;
namespace json = boost::json;

namespace {

class Memory_shelf final : public Shelf {
  public:
    std::map<std::string, std::string> texts;
    bool full = false;

    Result<std::optional<std::string>> read(const std::string& name) override {
        const auto found = texts.find(name);
        return found == texts.end() ? std::nullopt : std::optional(found->second);
    }
    Status write(const std::string& name, const std::string& text) override {
        if (full) return fail(Fault::exhausted, "/shelf/configs.db", "no room");
        texts[name] = text;
        return {};
    }
    Result<bool> remove(const std::string& name) override { return texts.erase(name) == 1; }
    Result<std::vector<std::string>> names() override {
        std::vector<std::string> all;
        for (const auto& [name, text] : texts)
            all.push_back(name);
        return all;
    }
    std::string place(const std::string& name) const override { return "/shelf/" + name; }
};

constexpr const char* toml = "name = \"web\"\ntype = \"pvh\"\nmemory = \"64MiB\"\nkernel = \"vmlinux\"\n";

Question question(const char* verb, json::object parameters = {}) {
    Question one;
    one.verb = verb;
    one.parameters = std::move(parameters);
    one.uuid = Uuid::random();
    return one;
}

/// As it comes out at the other end of a channel.
Decision travelled(const Decision& decision) {
    auto parsed = parse_decision(json::parse(json::serialize(decision_json(decision))));
    REQUIRE(parsed);
    return std::move(*parsed);
}

} // namespace

TEST_CASE("a question travels as it is") {
    Question one = question("shutdown", {{"id", "web"}, {"timeout", 5000}});
    one.name = "web";
    one.body = "x";
    SECTION("about a guest that is known") {
        one.guest = plan::Guest_config{};
        one.guest->name = "web";
    }
    SECTION("about one that is not") {}
    const auto parsed = parse_question(json::parse(json::serialize(question_json(one))));
    REQUIRE(parsed);
    CHECK((*parsed == one));
}

TEST_CASE("what is no question or no decision is refused") {
    for (const char* text :
         {"null", "[]", "{}", "{\"schema\":\"xvm.question/2\"}", "{\"schema\":\"xvm.question/1\"}",
          R"({"schema":"xvm.question/1","verb":"x","body":"","name":"","uuid":"y","parameters":{}})"})
        CHECK_FALSE(parse_question(json::parse(text)));
    for (const char* text :
         {"null", "{\"schema\":\"xvm.decision/1\"}", R"({"schema":"xvm.decision/1","plan":{}})",
          R"({"schema":"xvm.decision/1","failure":7})", R"({"schema":"xvm.decision/1","value":1,"plan":2})"})
        CHECK_FALSE(parse_decision(json::parse(text)));
}

TEST_CASE("[S-3] every plan that is decided on passes the policy") {
    Memory_shelf shelf;
    shelf.texts["web"] = "type = \"pvh\"\nmemory = \"64MiB\"\nkernel = \"/srv/vmlinux\"\n";
    for (const char* verb :
         {"create", "start", "pause", "unpause", "rename", "destroy", "shutdown", "reboot"}) {
        INFO(verb);
        REQUIRE(knows(verb));
        REQUIRE(policy::knows(verb));
        Question one = question(verb, {{"source", "/srv/web.toml"}});
        one.body = toml;
        policy::Subject subject{verb, "web", one.uuid};
        if (std::string(verb) == "start") {
            one.parameters["name"] = "web";
        } else if (std::string(verb) != "create") {
            one.name = "web";
            one.guest = plan::Guest_config{};
            one.parameters["name"] = subject.new_name = "shop";
        }
        const auto plan = plan_of(travelled(decide::decide(one, shelf)));
        REQUIRE(plan);
        CHECK(policy::check(*plan, subject, {}));
    }
}

TEST_CASE("a configuration with errors is refused with all of them") {
    Memory_shelf shelf;
    Question one = question("create", {{"source", "/srv/web.toml"}});
    one.body = "memmory = 1\nvcpus = \"x\"\n";
    const Decision decision = travelled(decide::decide(one, shelf));
    REQUIRE_FALSE(decision);
    CHECK(decision.error().fault == Fault::usage);
    CHECK(decision.error().more.size() > 1);
    one.parameters.erase("source");
    CHECK(decide::decide(one, shelf).error().object == "parameter 'source'");
}

TEST_CASE("what is not known of a guest is not guessed") {
    Memory_shelf shelf;
    Question one = question("reboot");
    one.name = "web";
    CHECK(decide::decide(one, shelf).error().cause == "its configuration is not known any more");
    CHECK(decide::decide(question("migrate"), shelf).error().fault == Fault::usage);
}

TEST_CASE("[S-3] a plan that the broker proposes travels, and is consented to as it is") {
    Memory_shelf shelf;
    Question one = question("memory.set");
    one.name = "web";
    one.proposal = plan::plan_pause({"web", {Domid{}, one.uuid}});
    one.proposal->steps[0].args = json::object{{"bytes", std::uint64_t{1} << 40}, {"at", -1}};
    const auto read = parse_question(json::parse(json::serialize(question_json(one))));
    REQUIRE(read);
    const auto plan = plan_of(travelled(decide::decide(*read, shelf)));
    REQUIRE(plan);
    CHECK(json::serialize(plan::plan_json(*plan)) == json::serialize(plan::plan_json(*one.proposal)));
    // Of a verb that is decided here the proposal counts for nothing.
    one.verb = "destroy";
    CHECK(plan_of(decide::decide(one, shelf))->verb == "destroy");
}

TEST_CASE("[S-10] configurations are stored, shown, started from and removed") {
    Memory_shelf shelf;
    Question add = question("config.add", {{"name", "web"}, {"source", "/srv/web.toml"}});
    add.body = toml;
    const Decision added = travelled(decide::decide(add, shelf));
    REQUIRE(added);
    CHECK(std::get<json::value>(*added).at("path") == "/shelf/web");
    CHECK(shelf.texts.at("web").find("/srv/vmlinux") != std::string::npos); // it may lie anywhere now
    const auto shown = decide::decide(question("config.show", {{"name", "web"}}), shelf);
    CHECK(std::get<json::value>(*shown).at("toml") == json::value(shelf.texts.at("web")));
    const auto all = decide::decide(question("config.list"), shelf);
    CHECK(std::get<json::value>(*all).at("configs").as_array().size() == 1);
    CHECK(decide::decide(question("start", {{"name", "web"}}), shelf));
    const auto wrong = decide::decide(question("start", {{"name", "wbe"}}), shelf);
    CHECK(wrong.error().remedy == "did you mean 'web'?");
    CHECK(decide::decide(question("config.remove", {{"name", "web"}}), shelf));
    CHECK(decide::decide(question("config.remove", {{"name", "web"}}), shelf).error().fault ==
          Fault::not_found);
}

TEST_CASE("a shelf that is full is told, with what to do") {
    Memory_shelf shelf;
    shelf.full = true;
    Question add = question("config.add", {{"name", "web"}, {"source", "/srv/web.toml"}});
    add.body = toml;
    const Decision added = decide::decide(add, shelf);
    REQUIRE_FALSE(added);
    CHECK(added.error().fault == Fault::exhausted);
    CHECK(added.error().remedy == "make room: df /shelf");
}
