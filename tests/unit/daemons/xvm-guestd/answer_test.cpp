// SPDX-License-Identifier: Apache-2.0
// [S-5] [S-7] What guests may ask for: the rules, and that nothing beyond them reaches xvmd, whatever a guest
// sends.
#include "daemons/xvm-guestd/answer.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>
#include <random>

using namespace xvm;
using namespace xvm::guestd;
namespace json = boost::json;

namespace {

constexpr const char* rules_text = R"(
[[allow]]
guest = "panel"
verbs = ["show", "pause", "unpause"]
targets = ["web", "@self"]

[[allow]]
guest = "panel"
verbs = ["start"]
targets = ["*"]
)";
constexpr Domid panel{3};
constexpr Domid stranger{4};

/// xvmd, and what it was asked.
struct Host {
    std::vector<std::string> asked;
    std::optional<Error> fails;
    Ways ways;

    Host() {
        ways.name_of = [](Domid domid) -> Result<std::string> {
            if (domid == panel) return std::string("panel");
            if (domid == stranger) return std::string("stranger");
            return fail(Fault::not_found, "domain", "no such domain", {});
        };
        ways.call = [this](const Guest_verb& verb,
                           const std::string& target) -> tl::expected<json::value, api::Failure> {
            asked.push_back(std::string(verb.name) + " " + target);
            if (fails) return tl::unexpected<api::Failure>(*fails);
            return json::value{{"name", target}, {"state", "running"}, {"kernel", "/srv/secret"}};
        };
    }
};

Rules rules() {
    auto parsed = Rules::parse(rules_text, "guests.toml");
    REQUIRE(parsed);
    return *parsed;
}

std::string request(const std::string& verb, const std::string& target) {
    return json::serialize(
        json::object{{"schema", "xvm.guest_request/1"}, {"verb", verb}, {"target", target}});
}

std::int64_t code_of(const std::string& answer) {
    return json::parse(answer).at("exit_code").as_int64();
}

} // namespace

TEST_CASE("[S-5] A guest's request that a rule allows is asked of xvmd, and answered") {
    Host host;
    const std::string answer = answer_to(host.ways, rules(), panel, request("pause", "web"));
    CHECK(host.asked == std::vector<std::string>{"pause web"});
    CHECK(code_of(answer) == 0);
    CHECK(json::parse(answer).at("state") == "running");
    CHECK(answer.find("secret") == std::string::npos);
}

TEST_CASE("[S-7] What no rule allows is refused, and xvmd is not asked") {
    Host host;
    const Rules all = rules();
    for (const auto& [domid, verb, target] :
         std::vector<std::tuple<Domid, std::string, std::string>>{{stranger, "show", "web"},
                                                                  {stranger, "show", "stranger"},
                                                                  {panel, "destroy", "web"},
                                                                  {panel, "show", "shop"},
                                                                  {panel, "pause", "stranger"},
                                                                  {Domid{9}, "show", "web"}}) {
        CAPTURE(verb, target);
        CHECK(code_of(answer_to(host.ways, all, domid, request(verb, target))) ==
              static_cast<int>(Fault::denied));
    }
    CHECK(host.asked.empty());
    auto nobody = Rules::parse("", "empty");
    REQUIRE(nobody);
    CHECK(code_of(answer_to(host.ways, *nobody, panel, request("show", "web"))) == 7);
    CHECK(host.asked.empty());
}

TEST_CASE("[S-7] \"@self\" is who asks, \"*\" is anybody") {
    Host host;
    CHECK(code_of(answer_to(host.ways, rules(), panel, request("pause", "panel"))) == 0);
    CHECK(code_of(answer_to(host.ways, rules(), panel, request("start", "whatever"))) == 0);
    CHECK(host.asked == std::vector<std::string>{"pause panel", "start whatever"});
}

TEST_CASE("[S-7] What is no request is refused before anybody is asked") {
    Host host;
    for (const std::string& none :
         {std::string(), std::string("{}"), std::string("[]"), std::string("pause web"),
          request("create", "web"), request("show", ""), request("show", "../host"),
          request("show", "web/pause"), request("show", "Domain-0"), request("show", "0"),
          request("show", std::string(2000, 'a')),
          std::string(R"({"schema":"xvm.guest_request/2","verb":"show","target":"web"})"),
          std::string(R"({"schema":"xvm.guest_request/1","verb":"show","target":7})"),
          std::string(R"({"schema":"xvm.guest_request/1","verb":"show","target":"web","more":1})")}) {
        CAPTURE(none);
        CHECK(code_of(answer_to(host.ways, rules(), panel, none)) == static_cast<int>(Fault::usage));
    }
    CHECK(host.asked.empty());
}

TEST_CASE("[S-5] A failure is told by its kind, and nothing of the host with it") {
    Host host;
    host.fails = Error{Fault::not_found, "/srv/secret.img", "is not there", "put it there"};
    const std::string answer = answer_to(host.ways, rules(), panel, request("start", "shop"));
    CHECK(code_of(answer) == static_cast<int>(Fault::not_found));
    CHECK(answer.find("secret") == std::string::npos);
}

TEST_CASE("[S-7] Rules that say something else than rules are refused, with the line") {
    for (const char* wrong :
         {"allow = 1", "[[alow]]\nguest = \"a\"", "[[allow]]\nguest = \"a\"\nverbs = [\"show\"]",
          "[[allow]]\nguest = \"a\"\nverbs = [\"create\"]\ntargets = [\"*\"]",
          "[[allow]]\nguest = \"*\"\nverbs = [\"show\"]\ntargets = [\"*\"]",
          "[[allow]]\nguest = \"a\"\nverbs = [\"show\"]\ntargets = [\"a b\"]",
          "[[allow]]\nguest = \"a\"\nverbs = []\ntargets = [\"*\"]",
          "[[allow]]\nguest = \"a\"\nverbs = [\"show\", 1]\ntargets = [\"*\"]",
          "[[allow]]\nguest = \"a\"\nverb = [\"show\"]\ntargets = [\"*\"]", "[[allow"}) {
        CAPTURE(wrong);
        const auto parsed = Rules::parse(wrong, "guests.toml");
        REQUIRE(!parsed);
        CHECK(parsed.error().fault == Fault::usage);
        CHECK(parsed.error().object.starts_with("guests.toml"));
    }
}

namespace {

/// 20000 requests that begin sound and are changed; how many calls of xvmd were beyond the rules.
std::size_t calls_beyond(const Rules& all, Host& host) {
    std::mt19937 random(20260101); // NOLINT(cert-msc51-cpp): the same each time
    const std::vector<std::string> words{"show",   "pause", "unpause",  "destroy", "start",
                                         "reboot", "web",   "panel",    "shop",    "stranger",
                                         "@self",  "*",     "Domain-0", "..",      "\\u0000"};
    const auto pick = [&] { return words[random() % words.size()]; };
    std::size_t beyond = 0;
    for (int i = 0; i < 20000; ++i) {
        std::string text = request(pick(), pick());
        for (unsigned changes = random() % 4; changes > 0; --changes) {
            const std::size_t at = random() % text.size();
            switch (random() % 4) {
            case 0:
                text[at] = static_cast<char>(random() % 256);
                break;
            case 1:
                text.erase(at, 1 + random() % 8);
                break;
            case 2:
                text.insert(at, pick());
                break;
            default:
                text += text.substr(at);
            }
            if (text.empty()) text = "{";
        }
        host.asked.clear();
        const Domid domid{static_cast<std::uint16_t>(random() % 6)};
        const std::string answer = answer_to(host.ways, all, domid, text);
        json::error_code wrong;
        REQUIRE(json::parse(answer, wrong).is_object());
        for (const std::string& one : host.asked) {
            const bool may =
                domid == panel &&
                (one == "show web" || one == "pause web" || one == "unpause web" || one == "show panel" ||
                 one == "pause panel" || one == "unpause panel" || one.starts_with("start "));
            beyond += may ? 0 : 1;
        }
    }
    return beyond;
}

} // namespace

TEST_CASE("[S-7] Of 20000 requests of a hostile guest none goes beyond the rules") {
    Host host;
    CHECK(calls_beyond(rules(), host) == 0);
}

TEST_CASE("[S-7] The same finds rules that allow too much") {
    Host host;
    const auto lax =
        Rules::parse("[[allow]]\nguest = \"stranger\"\nverbs = [\"destroy\"]\ntargets = [\"*\"]\n", "lax");
    REQUIRE(lax);
    CHECK(calls_beyond(*lax, host) > 0);
}
