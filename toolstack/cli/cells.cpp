// SPDX-License-Identifier: Apache-2.0
#include "toolstack/cli/cells.hpp"

#include "toolstack/api/error_json.hpp"
#include "toolstack/command/output.hpp"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <ctime>

namespace xvm::cli {
namespace json = boost::json;
namespace {

using model::Type;

std::string two_digits(std::uint64_t number) {
    return (number < 10 ? "0" : "") + std::to_string(number);
}

/// "12.3" of 123.
std::string tenths_text(std::uint64_t tenths) {
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

/// "1:02:03.4": hours only when there are any.
std::string cpu_time_text(std::uint64_t ns) {
    const std::uint64_t tenths = ns / 100'000'000;
    const std::uint64_t minutes = tenths / 600;
    const std::string seconds = (tenths % 600 < 100 ? ":0" : ":") + tenths_text(tenths % 600);
    if (minutes < 60) return std::to_string(minutes) + seconds;
    return std::to_string(minutes / 60) + ":" + two_digits(minutes % 60) + seconds;
}

/// "2024-02-29 12:00:01", of this place.
std::string time_text(std::uint64_t unix_ms) {
    const auto seconds = static_cast<std::time_t>(unix_ms / 1000);
    std::tm local{};
    std::array<char, 32> text{};
    if (::localtime_r(&seconds, &local) == nullptr ||
        std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &local) == 0)
        return std::to_string(unix_ms);
    return text.data();
}

std::string number_text(const model::Field& field, const json::value& value) {
    json::error_code not_whole;
    const auto number = value.to_number<std::uint64_t>(not_whole);
    if (not_whole) return json::serialize(value);
    if (field.shown_as == "mebibytes") return command::mebibytes(number);
    if (field.shown_as == "bytes") return command::human_bytes(number);
    if (field.shown_as == "cpu_time") return cpu_time_text(number);
    if (field.shown_as == "time") return time_text(number);
    if (field.shown_as == "nanoseconds") return short_time(number);
    if (field.shown_as == "permille") return tenths_text(number);
    return std::to_string(number);
}

} // namespace

std::string short_time(std::uint64_t ns) {
    if (ns < 1000) return std::to_string(ns) + " ns";
    std::uint64_t unit = 1000;
    std::size_t name = 0;
    constexpr std::array<std::string_view, 3> names{" us", " ms", " s"};
    while (name + 1 < names.size() && ns >= unit * 1000) {
        unit *= 1000;
        ++name;
    }
    const std::uint64_t tenths = ns / (unit / 10);
    return (tenths < 1000 ? tenths_text(tenths) : std::to_string(tenths / 10)).append(names[name]);
}

const json::value* member(const json::value& value, std::string_view key) {
    const json::object* object = value.if_object();
    return object != nullptr ? object->if_contains(key) : nullptr;
}

std::string plain(const json::value* value) {
    if (value == nullptr || value->is_null()) return {};
    if (value->is_string()) return std::string(value->get_string());
    if (const json::array* list = value->if_array();
        list != nullptr &&
        std::all_of(list->begin(), list->end(), [](const json::value& one) { return one.is_string(); })) {
        std::string text;
        for (const json::value& one : *list)
            text.append(text.empty() ? "" : " ").append(one.get_string());
        return text;
    }
    return json::serialize(*value);
}

std::string shown(const model::Field& field, const json::value* value) {
    if (value != nullptr && value->is_number()) return number_text(field, *value);
    if (value != nullptr && value->is_bool()) return value->get_bool() ? "yes" : "no";
    if (value != nullptr)
        if (const auto failure = api::parse_failure(*value)) return failure->line();
    std::string text = plain(value);
    return text.empty() ? "-" : text;
}

bool is_number(const model::Field& field) noexcept {
    return field.type == Type::integer || field.type == Type::size || field.type == Type::duration;
}

std::string fact_name(const model::Field& field) {
    if (!field.label.empty()) return std::string(field.label);
    std::string name(field.name);
    for (const std::string_view unit : {"_bytes", "_ns", "_ms"})
        if (name.ends_with(unit)) name.resize(name.size() - unit.size());
    std::replace(name.begin(), name.end(), '_', ' ');
    return name;
}

} // namespace xvm::cli
