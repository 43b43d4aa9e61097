// SPDX-License-Identifier: Apache-2.0
#include "toolstack/api/error_json.hpp"

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace xvm::api {
namespace json = boost::json;
namespace {

constexpr std::string_view schema = "xvm.error/1";

struct Row {
    Fault fault;
    std::string_view name;
    unsigned status;
};
constexpr std::array rows{
    Row{Fault::failed, "failed", 500},       Row{Fault::usage, "usage", 400},
    Row{Fault::not_found, "not_found", 404}, Row{Fault::busy, "busy", 409},
    Row{Fault::exhausted, "exhausted", 507}, Row{Fault::timeout, "timeout", 504},
    Row{Fault::denied, "denied", 403},       Row{Fault::unreachable, "unreachable", 503},
    Row{Fault::leftovers, "leftovers", 500},
};

const Row& row_of(Fault fault) noexcept {
    for (const Row& row : rows)
        if (row.fault == fault) return row;
    return rows[0];
}

std::string text(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    if (value == nullptr || !value->is_string()) return {};
    return std::string(value->get_string());
}

void put_words(json::object& into, const Error& error) {
    into["object"] = error.object;
    into["cause"] = error.cause;
    into["remedy"] = error.remedy;
}

Error words_of(const json::object& object, Fault fault) {
    return Error{fault, text(object, "object"), text(object, "cause"), text(object, "remedy")};
}

} // namespace

std::string_view fault_name(Fault fault) noexcept {
    return row_of(fault).name;
}

std::optional<Fault> fault_named(std::string_view name) noexcept {
    for (const Row& row : rows)
        if (row.name == name) return row.fault;
    return std::nullopt;
}

unsigned http_status(Fault fault) noexcept {
    return row_of(fault).status;
}

json::value failure_json(const Failure& failure) {
    json::object object;
    object["schema"] = schema;
    object["fault"] = fault_name(failure.fault);
    object["exit_code"] = static_cast<unsigned>(failure.fault);
    put_words(object, failure);
    if (!failure.more.empty()) {
        json::array more;
        for (const Error& error : failure.more) {
            json::object words;
            put_words(words, error);
            more.push_back(std::move(words));
        }
        object["more"] = std::move(more);
    }
    return object;
}

std::optional<Failure> parse_failure(const json::value& value) {
    const json::object* object = value.if_object();
    if (object == nullptr || text(*object, "schema") != schema) return std::nullopt;
    const std::optional<Fault> fault = fault_named(text(*object, "fault"));
    if (!fault) return std::nullopt;
    Failure failure{words_of(*object, *fault)};
    if (const json::value* more = object->if_contains("more"); more != nullptr && more->is_array())
        for (const json::value& item : more->get_array())
            if (const json::object* words = item.if_object())
                failure.more.push_back(words_of(*words, *fault));
    return failure;
}

} // namespace xvm::api
