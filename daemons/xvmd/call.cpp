// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvmd/call.hpp"

#include "libvmshare/base/number.hpp"
#include "libvmshare/base/suggest.hpp"
#include "toolstack/plan/size.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <vector>

namespace xvm::xvmd {
namespace json = boost::json;
using model::Type;
using model::Where;
namespace {

std::string object_of(std::string_view name) {
    return "parameter '" + std::string(name) + "'";
}

tl::unexpected<Error> bad(const model::Parameter& parameter, const std::string& given,
                          const std::string& remedy) {
    return fail(Fault::usage, object_of(parameter.name), "cannot be '" + given + "'", remedy);
}

std::string given_text(const json::value& value) {
    return value.is_string() ? std::string(value.get_string()) : json::serialize(value);
}

Result<json::value> as_number(const model::Parameter& parameter, const json::value& value) {
    if (value.is_int64()) return value;
    if (value.is_string())
        if (const auto number = parse_number<std::int64_t>(std::string_view(value.get_string())))
            return json::value(*number);
    return bad(parameter, given_text(value), "give a whole number");
}

Result<json::value> as_boolean(const model::Parameter& parameter, const json::value& value) {
    if (value.is_bool()) return value;
    const std::string text = given_text(value);
    if (text == "1" || text == "true") return json::value(true);
    if (text == "0" || text == "false" || text.empty()) return json::value(false);
    return bad(parameter, text, "give 0 or 1");
}

/// Text with a unit, or a number in the smallest one.
Result<json::value> as_amount(const model::Parameter& parameter, const json::value& value,
                              std::optional<std::uint64_t> (*parse)(std::string_view) noexcept,
                              const std::string& remedy) {
    if (value.is_int64() && value.get_int64() >= 0) return value;
    const std::string text = given_text(value);
    if (const auto amount = parse(text)) return json::value(static_cast<std::int64_t>(*amount));
    return bad(parameter, text, remedy);
}

Result<json::value> as_list(const model::Parameter& parameter, const json::value& value) {
    if (value.is_array()) {
        for (const json::value& item : value.get_array())
            if (!item.is_string()) return bad(parameter, given_text(value), "give a list of texts");
        return value;
    }
    json::array items;
    const std::string text = given_text(value);
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t end = std::min(text.find(',', at), text.size());
        items.emplace_back(text.substr(at, end - at));
        at = end + 1;
    }
    return json::value(std::move(items));
}

Result<json::value> as_text(const model::Parameter& parameter, const json::value& value) {
    if (!value.is_string()) return bad(parameter, given_text(value), "give a text");
    const std::string text(value.get_string());
    if (text.find('\0') != std::string::npos) return bad(parameter, "…", "leave out the zero bytes");
    if (parameter.required && text.empty()) return bad(parameter, "", "it must not be empty");
    if (parameter.type == Type::file && !text.empty() && text.front() != '/')
        return bad(parameter, text, "give an absolute path");
    if (parameter.choices.empty()) return value;
    if (std::find(parameter.choices.begin(), parameter.choices.end(), text) != parameter.choices.end())
        return value;
    std::string all;
    for (const std::string_view choice : parameter.choices)
        all += (all.empty() ? "" : ", ") + std::string(choice);
    const auto near = nearest(text, parameter.choices);
    return bad(parameter, text, near ? "did you mean '" + std::string(*near) + "'?" : "give one of " + all);
}

Result<json::value> typed(const model::Parameter& parameter, const json::value& value) {
    switch (parameter.type) {
    case Type::integer:
        return as_number(parameter, value);
    case Type::boolean:
        return as_boolean(parameter, value);
    case Type::size:
        return as_amount(parameter, value, plan::parse_size, "give a size with its unit, such as \"256MiB\"");
    case Type::duration:
        return as_amount(parameter, value, plan::parse_duration,
                         "give a time with its unit, such as \"30s\"");
    case Type::list:
        return as_list(parameter, value);
    default:
        return as_text(parameter, value);
    }
}

/// What the client sent, by where it sent it.
struct Sent {
    std::map<std::string, std::string>& path;
    std::map<std::string, std::string>& query;
    json::object body;

    std::optional<json::value> take(const model::Parameter& parameter) {
        const std::string name(parameter.name);
        if (parameter.where == Where::body) {
            const auto found = body.find(name);
            if (found == body.end()) return std::nullopt;
            json::value value = std::move(found->value());
            body.erase(found);
            return value;
        }
        auto& texts = parameter.where == Where::path ? path : query;
        const auto found = texts.find(name);
        if (found == texts.end()) return std::nullopt;
        json::value value(found->second);
        texts.erase(found);
        return value;
    }
    [[nodiscard]] std::optional<std::string> left() const {
        if (!query.empty()) return query.begin()->first;
        if (!body.empty()) return std::string(body.begin()->key());
        return std::nullopt;
    }
};

tl::unexpected<Error> unknown(const model::Verb& verb, const std::string& name) {
    std::vector<std::string_view> known;
    for (const model::Parameter& parameter : verb.parameters)
        if (parameter.where == Where::query || parameter.where == Where::body)
            known.push_back(parameter.name);
    const auto near = nearest(name, known);
    return fail(Fault::usage, object_of(name),
                "is none of " + std::string(verb.method) + " " + std::string(verb.route),
                near ? "did you mean '" + std::string(*near) + "'?" : "'xvm help' tells what it takes");
}

Result<json::object> parse_body(const daemon::Request& request) {
    if (request.body.empty()) return json::object{};
    json::error_code error;
    json::value value = json::parse(request.body, error);
    if (error)
        return fail(Fault::usage, "request", "the body is not JSON: " + error.message(),
                    "send a JSON object");
    if (!value.is_object()) return fail(Fault::usage, "request", "the body is no JSON object", "send one");
    return std::move(value.get_object());
}

} // namespace

std::string Call::text(std::string_view name) const {
    const json::value* value = parameters.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string{};
}

std::int64_t Call::integer(std::string_view name) const {
    const json::value* value = parameters.if_contains(name);
    return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

bool Call::flag(std::string_view name) const {
    const json::value* value = parameters.if_contains(name);
    return value != nullptr && value->is_bool() && value->get_bool();
}

std::optional<std::chrono::milliseconds> Call::duration(std::string_view name) const {
    if (!has(name)) return std::nullopt;
    return std::chrono::milliseconds(integer(name));
}

Result<Call> parse_call(const model::Verb& verb, daemon::Request request) {
    Call call{&verb, {}, {}, request.peer};
    const bool whole = std::any_of(verb.parameters.begin(), verb.parameters.end(),
                                   [](const model::Parameter& one) { return one.where == Where::whole; });
    Sent sent{request.parameters, request.query, {}};
    if (whole) {
        if (!request.content_type.starts_with("application/toml"))
            return fail(Fault::usage, "Content-Type", "is '" + request.content_type + "'",
                        "send application/toml");
        call.body = std::move(request.body);
    } else {
        XVM_TRY_LET(sent.body, parse_body(request));
    }
    for (const model::Parameter& parameter : verb.parameters) {
        if (parameter.where == Where::local || parameter.where == Where::whole) continue;
        auto value = sent.take(parameter);
        if (!value && !parameter.initial.empty()) value = json::value(parameter.initial);
        if (!value && parameter.required)
            return fail(Fault::usage, object_of(parameter.name), "is missing",
                        "it is " + std::string(parameter.summary));
        if (!value || value->is_null()) continue;
        XVM_TRY_LET(json::value checked, typed(parameter, *value));
        call.parameters[parameter.name] = std::move(checked);
    }
    if (const auto left = sent.left()) return unknown(verb, *left);
    return call;
}

} // namespace xvm::xvmd
