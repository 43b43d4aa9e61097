// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvm-guestd/rules.hpp"

#include "toolstack/plan/names.hpp"

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <toml++/toml.h>

namespace xvm::guestd {
namespace json = boost::json;
namespace {

constexpr std::array verbs{
    Guest_verb{"show", "GET", "domains", ""},
    Guest_verb{"pause", "POST", "domains", "pause"},
    Guest_verb{"unpause", "POST", "domains", "unpause"},
    Guest_verb{"shutdown", "POST", "domains", "shutdown"},
    Guest_verb{"reboot", "POST", "domains", "reboot"},
    Guest_verb{"destroy", "DELETE", "domains", ""},
    Guest_verb{"start", "POST", "configs", "start"},
};

tl::unexpected<Error> no_request(const char* why) {
    return fail(Fault::usage, "request", why, "xvm-guest --help shows what can be asked");
}

bool has(const std::vector<std::string>& all, std::string_view one) {
    return std::find(all.begin(), all.end(), one) != all.end();
}

std::string place(const std::string& source, const toml::node& node) {
    return source + ":" + std::to_string(node.source().begin.line);
}

/// A list of texts, none of them empty.
Result<std::vector<std::string>> texts(const toml::table& rule, std::string_view key, const std::string& at) {
    const toml::array* list = rule[key].as_array();
    std::vector<std::string> all;
    if (list != nullptr)
        for (const toml::node& node : *list)
            if (const auto text = node.value<std::string>(); text && !text->empty()) all.push_back(*text);
    if (list == nullptr || list->empty() || all.size() != list->size())
        return fail(Fault::usage, at, std::string(key) + " is no list of names",
                    "write it as " + std::string(key) + " = [\"…\"]");
    return all;
}

Result<Rules::Rule> parse_rule(const toml::table& rule, const std::string& source) {
    const std::string at = place(source, rule);
    Rules::Rule parsed;
    for (const auto& [key, value] : rule)
        if (key != "guest" && key != "verbs" && key != "targets")
            return fail(Fault::usage, place(source, value), "'" + std::string(key) + "' is not known",
                        "a rule has guest, verbs and targets");
    const auto guest = rule["guest"].value<std::string>();
    if (!guest || plan::domain_name_fault(*guest))
        return fail(Fault::usage, at, "does not say which guest it is for", "add guest = \"NAME\"");
    parsed.guest = *guest;
    XVM_TRY_LET(parsed.verbs, texts(rule, "verbs", at));
    XVM_TRY_LET(parsed.targets, texts(rule, "targets", at));
    for (const std::string& verb : parsed.verbs)
        if (find_verb(verb) == nullptr) {
            std::string all;
            for (const Guest_verb& one : verbs)
                all += (all.empty() ? "" : ", ") + std::string(one.name);
            return fail(Fault::usage, at, "guests cannot ask for '" + verb + "'", "there are: " + all);
        }
    for (const std::string& target : parsed.targets)
        if (target != "*" && target != "@self" && plan::domain_name_fault(target))
            return fail(Fault::usage, at, "'" + target + "' is no guest's name",
                        "write a name, \"@self\" for the guest itself, or \"*\" for any");
    return parsed;
}

} // namespace

std::span<const Guest_verb> guest_verbs() noexcept {
    return verbs;
}

const Guest_verb* find_verb(std::string_view name) noexcept {
    const auto* found =
        std::find_if(verbs.begin(), verbs.end(), [&](const Guest_verb& one) { return one.name == name; });
    return found == verbs.end() ? nullptr : found;
}

Result<Request> parse_request(std::string_view text) {
    if (text.size() > request_bytes) return no_request("is too long");
    json::error_code error;
    const json::value value = json::parse(json::string_view(text.data(), text.size()), error);
    const json::object* object = error ? nullptr : value.if_object();
    if (object == nullptr || object->size() != 3) return no_request("is none");
    const auto member = [&](std::string_view key) -> std::string_view {
        const json::value* one = object->if_contains(json::string_view(key.data(), key.size()));
        if (one == nullptr || !one->is_string()) return {};
        return {one->get_string().data(), one->get_string().size()};
    };
    if (member("schema") != "xvm.guest_request/1") return no_request("is of another version");
    Request request{std::string(member("verb")), std::string(member("target"))};
    if (find_verb(request.verb) == nullptr) return no_request("asks for what guests cannot ask for");
    if (plan::domain_name_fault(request.target)) return no_request("names no guest");
    return request;
}

Result<Rules> Rules::parse(std::string_view text, const std::string& source) {
    Rules rules;
    try {
        const toml::table all = toml::parse(text, source);
        for (const auto& [key, value] : all)
            if (key != "allow")
                return fail(Fault::usage, place(source, value), "'" + std::string(key) + "' is not known",
                            "rules are [[allow]]");
        const toml::array* list = all["allow"].as_array();
        if (list == nullptr) {
            if (all.empty()) return rules; // nobody may anything
            return fail(Fault::usage, source, "'allow' is no list of rules", "begin each with [[allow]]");
        }
        for (const toml::node& node : *list) {
            const toml::table* table = node.as_table();
            if (table == nullptr)
                return fail(Fault::usage, place(source, node), "is no rule", "begin it with [[allow]]");
            XVM_TRY_LET(Rule rule, parse_rule(*table, source));
            rules.rules_.push_back(std::move(rule));
        }
    } catch (const toml::parse_error& error) {
        return fail(Fault::usage, source + ":" + std::to_string(error.source().begin.line),
                    std::string(error.description()), "see xvm-guestd(8)");
    }
    return rules;
}

Status Rules::check(std::string_view asker, const Request& request) const {
    for (const Rule& rule : rules_) {
        if (rule.guest != asker || !has(rule.verbs, request.verb)) continue;
        if (has(rule.targets, "*") || has(rule.targets, request.target) ||
            (request.target == asker && has(rule.targets, "@self")))
            return {};
    }
    return fail(Fault::denied, request.verb + " '" + request.target + "'", "this guest may not",
                "whoever keeps the host may allow it: xvm-guestd(8)");
}

} // namespace xvm::guestd
