// SPDX-License-Identifier: Apache-2.0
// [S-11] Scripts have a say in what is decided; hostile and broken ones cost a refusal; without one all goes
// on.
#include "daemons/xvm-service/hooks.hpp"
#include "toolstack/plan/config_json.hpp"

#include <catch2/catch.hpp>
#include <map>

using namespace xvm;
using namespace xvm::service;

namespace {

class No_shelf final : public decide::Shelf {
  public:
    Result<std::optional<std::string>> read(const std::string&) override {
        return std::optional<std::string>{};
    }
    Status write(const std::string&, const std::string&) override { return {}; }
    Result<bool> remove(const std::string&) override { return false; }
    Result<std::vector<std::string>> names() override { return std::vector<std::string>{}; }
    std::string place(const std::string& name) const override { return name; }
};

decide::Question create() {
    decide::Question question;
    question.verb = "create";
    question.uuid = Uuid::random();
    question.parameters["source"] = "/srv/web.toml";
    question.body = "name = \"web\"\ntype = \"pvh\"\nmemory = \"64MiB\"\nkernel = \"vmlinux\"\n";
    return question;
}

decide::Question destroy(const std::string& name) {
    decide::Question question;
    question.verb = "destroy";
    question.uuid = Uuid::random();
    question.name = name;
    return question;
}

decide::Decision ask(const std::string& script, const decide::Question& question) {
    No_shelf shelf;
    return Hooks(script).decide(question, shelf);
}

plan::Guest_config guest_of(const decide::Decision& decision) {
    const auto plan = decide::plan_of(decision);
    REQUIRE(plan);
    for (const plan::Step& step : plan->steps)
        if (step.op == "keep-guest")
            return *plan::from_value<plan::Guest_config>(step.args.at("guest"), "guest");
    FAIL("no guest");
    return {};
}

} // namespace

TEST_CASE("[S-11] without a script, and with one that says nothing, all is decided as ever") {
    for (const char* script : {"", "-- nothing", "function on_request(r) end function on_create(g) end"}) {
        CAPTURE(script);
        CHECK(guest_of(ask(script, create())).memory_bytes == 64U << 20);
        CHECK(ask(script, destroy("web")));
    }
}

TEST_CASE("[S-11] a script refuses a request with its reason") {
    const std::string script = "function on_request(r)\n"
                               "  if r.verb == 'destroy' and r.name == 'db' then return 'db\\27 stays' end\n"
                               "end";
    CHECK(ask(script, destroy("web")));
    const auto refused = ask(script, destroy("db"));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().fault == Fault::denied);
    CHECK(refused.error().cause == "refuses it: db? stays");
}

TEST_CASE("[S-11] a script says how large a guest is made") {
    const auto guest = guest_of(ask("function on_create(g)\n"
                                    "  assert(g.name == 'web' and g.type == 'pvh' and g.memory_mib == 64)\n"
                                    "  return { memory_mib = 2 * g.memory_mib, vcpus = g.vcpus + 1 }\n"
                                    "end",
                                    create()));
    CHECK(guest.memory_bytes == 128U << 20);
    CHECK(guest.memory_max_bytes >= guest.memory_bytes);
    CHECK(guest.vcpus == 2);
}

TEST_CASE("[S-11] a script that is broken, endless, greedy or curious costs a refusal") {
    for (const char* body : {"return",
                             "while true do end",
                             "for i = 1, 1e18 do local a = i end",
                             "local t = {} while true do t[#t + 1] = t end",
                             "local s = 'x' while true do s = s .. s end",
                             "return nosuch.thing",
                             "return {memory_mib = 1.5}",
                             "return {vcpus = -1}",
                             "return 7",
                             "return string.rep('x', 1 << 40)",
                             "return io.open('/etc/passwd')",
                             "return os.exit(1)",
                             "return require('os')",
                             "return load('return 1')",
                             "return pcall(error)",
                             "return string.find('a', 'a')",
                             "error({})",
                             "local function f() return f() + 1 end return f()",
                             "return coroutine.create(print)",
                             "return debug.getregistry()",
                             "return setmetatable({}, {})"}) {
        CAPTURE(body);
        const std::string script = std::string("function on_create(g) ") + body + " end";
        const auto decided = ask(script, create());
        if (std::string(body) == "return") {
            CHECK(decided); // nothing is said
            continue;
        }
        REQUIRE_FALSE(decided);
        CHECK(decided.error().fault == Fault::failed);
    }
    CHECK(ask("function on_request(r", destroy("web")).error().fault == Fault::failed);
    CHECK(ask("\x1bLua", destroy("web")).error().fault == Fault::failed); // byte code
    CHECK(ask("while true do end", destroy("web")).error().cause.find("too long") != std::string::npos);
}

TEST_CASE("[S-11] what only looks asks no script, and a script keeps nothing between requests") {
    decide::Question list;
    list.verb = "config.list";
    CHECK(ask("while true do end", list));
    const std::string counts = "n = (n or 0) + 1 function on_request(r) if n > 1 then return 'again' end end";
    No_shelf shelf;
    const Hooks hooks(counts);
    CHECK(hooks.decide(destroy("a"), shelf));
    CHECK(hooks.decide(destroy("b"), shelf));
}
