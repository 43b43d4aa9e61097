// SPDX-License-Identifier: Apache-2.0
#include "toolstack/command/output.hpp"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <cstdio>

namespace xvm::command {
namespace json = boost::json;
namespace {

void add_indented(std::string& out, const json::value& value, const std::string& indent) {
    const std::string inner = indent + "  ";
    const char* separator = "";
    const auto add_line = [&] { out.append(separator).append("\n").append(inner), separator = ","; };
    if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
        out += '{';
        for (const auto& [key, member] : *object) {
            add_line();
            out.append(json::serialize(key)).append(": ");
            add_indented(out, member, inner);
        }
        out.append("\n").append(indent).append("}");
    } else if (const auto* array = value.if_array(); array != nullptr && !array->empty()) {
        out += '[';
        for (const auto& member : *array) {
            add_line();
            add_indented(out, member, inner);
        }
        out.append("\n").append(indent).append("]");
    } else {
        out += json::serialize(value);
    }
}

/// As many as a terminal shows of UTF-8: what continues a character takes no place.
std::size_t characters(std::string_view text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char byte) { return (byte & 0xc0) != 0x80; }));
}

/// What a terminal would obey, as \xNN: guests and other tools choose some of the names that are shown.
std::string harmless(std::string_view text, std::string_view kept = {}) {
    std::string shown;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte < 0x20 || byte == 0x7f) && kept.find(c) == std::string_view::npos) {
            constexpr std::string_view digits = "0123456789abcdef";
            shown.append("\\x").append({digits[byte >> 4], digits[byte & 15]});
        } else {
            shown += c;
        }
    }
    return shown;
}

} // namespace

std::string human_bytes(std::uint64_t bytes) {
    constexpr std::array<const char*, 7> units{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (bytes < 1024) return std::to_string(bytes) + " B";
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    // 1023.95 would be shown as 1024.0.
    while (value >= 1023.95 && unit + 1 < units.size()) {
        value /= 1024;
        ++unit;
    }
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.1f %s", value, units[unit]);
    return text.data();
}

std::string mebibytes(std::uint64_t bytes) {
    return std::to_string(bytes >> 20) + " MiB";
}

std::string table_text(const Rows& rows) {
    std::string text;
    if (rows.empty()) return text;
    const auto shown = [&](std::size_t row, std::size_t column) {
        std::string_view cell = rows[row][column];
        if (row == 0 && cell.starts_with('>')) cell.remove_prefix(1);
        return harmless(cell);
    };
    std::vector<std::size_t> widths(rows[0].size());
    for (std::size_t row = 0; row < rows.size(); ++row)
        for (std::size_t column = 0; column < widths.size(); ++column)
            widths[column] = std::max(widths[column], characters(shown(row, column)));
    for (std::size_t row = 0; row < rows.size(); ++row) {
        std::string line;
        for (std::size_t column = 0; column < widths.size(); ++column) {
            const std::string cell = shown(row, column);
            const std::string gap(widths[column] - characters(cell), ' ');
            if (column > 0) line += "  ";
            if (rows[0][column].starts_with('>')) line += gap;
            line += cell;
            if (!rows[0][column].starts_with('>')) line += gap;
        }
        line.erase(line.find_last_not_of(' ') + 1);
        text.append(line).append("\n");
    }
    return text;
}

std::string facts_text(const Facts& facts) {
    std::size_t width = 0;
    for (const auto& [name, value] : facts)
        width = std::max(width, name.size());
    std::string text;
    for (const auto& [name, value] : facts)
        text.append(name).append(width + 2 - name.size(), ' ').append(harmless(value, "\n\t")).append("\n");
    return text;
}

std::string json_text(const json::value& value) {
    std::string text;
    add_indented(text, value, "");
    return text += '\n';
}

Error output_error(int error_number) {
    if (error_number == 0)
        return {Fault::failed, "standard output", "cannot write",
                "see where it goes to, and whether there is room: df"};
    return fail_errno(error_number, "standard output", "cannot write",
                      error_number == ENOSPC ? "make room: df" : "see where it goes to")
        .value();
}

std::string refusal_text(std::string_view program, const api::Failure& failure) {
    std::string text;
    const auto add_line = [&](const Error& error) {
        text.append(program).append(": ").append(harmless(error.line())).append("\n");
    };
    add_line(failure);
    for (const Error& error : failure.more)
        add_line(error);
    return text;
}

void print_table(std::ostream& out, const Rows& rows) {
    out << table_text(rows);
}

void print_json(std::ostream& out, const json::value& value) {
    out << json_text(value);
}

} // namespace xvm::command
