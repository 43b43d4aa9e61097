// SPDX-License-Identifier: Apache-2.0
#include "xenstore-schema/value.hpp"

#include "libvmshare/base/number.hpp"
#include "xenstore-schema/state_text.hpp"

#include <algorithm>
#include <cstdint>

namespace xvm::schema {
namespace {

constexpr std::size_t shown_bytes_max = 60;

bool printable(char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
}

std::optional<std::string> wrong_number(const Node_row& row, std::string_view value) {
    const auto number = parse_number<std::uint64_t>(value);
    if (!number) return quoted(value) + " is not a decimal number";
    if (*number < row.min || *number > row.max)
        return quoted(value) + " is not within " + std::to_string(row.min) + " to " + std::to_string(row.max);
    return std::nullopt;
}

std::optional<std::string> wrong_word(const Node_row& row, std::string_view value) {
    if (std::find(row.values.begin(), row.values.end(), value) != row.values.end()) return std::nullopt;
    std::string text = quoted(value) + " is none of";
    for (const std::string_view word : row.values)
        text += " " + std::string(word);
    return text;
}

std::optional<std::string> wrong_type(const Node_row& row, std::string_view value) {
    switch (row.type) {
    case Type::tree:
        return std::nullopt;
    case Type::dir:
        if (!value.empty()) return "a directory has no value, this one has " + quoted(value);
        return std::nullopt;
    case Type::enum_:
        return wrong_word(row, value);
    case Type::state:
        if (state_of(value) == Device_state::unknown) return quoted(value) + " is no state (1 to 6)";
        return std::nullopt;
    case Type::uuid:
        if (!Uuid::parse(value)) return quoted(value) + " is not a uuid";
        return std::nullopt;
    case Type::path:
    case Type::store_path:
        if (!value.starts_with('/')) return quoted(value) + " is not an absolute path";
        [[fallthrough]];
    case Type::text:
        if (value.empty()) return "is empty";
        if (!std::all_of(value.begin(), value.end(), printable)) return quoted(value) + " is not printable";
        return std::nullopt;
    default:
        return wrong_number(row, value);
    }
}

/// The expected text may still hold placeholders that nothing has bound: "/vm/{uuid}".
bool equal(std::string_view expected, std::string_view value) {
    if (expected.find('{') == std::string_view::npos) return expected == value;
    const auto match = match_prefix(expected, value);
    return match && match->whole;
}

} // namespace

std::optional<std::string> wrong_value(const Node_row& row, const Bindings& bindings,
                                       std::string_view value) {
    if (value.empty() && row.may_be_empty) return std::nullopt;
    if (auto wrong = wrong_type(row, value)) return wrong;
    if (row.equals.empty()) return std::nullopt;
    const std::string expected = fill(row.equals, bindings);
    if (equal(expected, value)) return std::nullopt;
    return quoted(value) + " is not " + quoted(expected);
}

std::string quoted(std::string_view value) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string text = "\"";
    for (const char c : value.substr(0, shown_bytes_max)) {
        if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
            text += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        text += "\\x";
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
    return text + (value.size() > shown_bytes_max ? "\"..." : "\"");
}

} // namespace xvm::schema
