// SPDX-License-Identifier: Apache-2.0
#include "toolstack/command/output.hpp"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>

namespace xvm::command {
namespace json = boost::json;
namespace {

void print_indented(std::ostream& out, const json::value& value, const std::string& indent) {
    const std::string inner = indent + "  ";
    const char* separator = "";
    if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
        out << '{';
        for (const auto& [key, member] : *object) {
            out << separator << '\n' << inner << json::serialize(key) << ": ";
            print_indented(out, member, inner);
            separator = ",";
        }
        out << '\n' << indent << '}';
    } else if (const auto* array = value.if_array(); array != nullptr && !array->empty()) {
        out << '[';
        for (const auto& member : *array) {
            out << separator << '\n' << inner;
            print_indented(out, member, inner);
            separator = ",";
        }
        out << '\n' << indent << ']';
    } else {
        out << json::serialize(value);
    }
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

void print_table(std::ostream& out, const Rows& rows) {
    if (rows.empty()) return;
    const auto shown = [&](std::size_t row, std::size_t column) {
        std::string_view cell = rows[row][column];
        if (row == 0 && cell.starts_with('>')) cell.remove_prefix(1);
        return cell;
    };
    std::vector<std::size_t> widths(rows[0].size());
    for (std::size_t row = 0; row < rows.size(); ++row)
        for (std::size_t column = 0; column < widths.size(); ++column)
            widths[column] = std::max(widths[column], shown(row, column).size());
    for (std::size_t row = 0; row < rows.size(); ++row) {
        std::string line;
        for (std::size_t column = 0; column < widths.size(); ++column) {
            const std::string_view cell = shown(row, column);
            const std::string gap(widths[column] - cell.size(), ' ');
            if (column > 0) line += "  ";
            if (rows[0][column].starts_with('>')) line += gap;
            line += cell;
            if (!rows[0][column].starts_with('>')) line += gap;
        }
        line.erase(line.find_last_not_of(' ') + 1);
        out << line << '\n';
    }
}

void print_facts(std::ostream& out, const std::vector<std::pair<std::string, std::string>>& facts) {
    std::size_t width = 0;
    for (const auto& [name, value] : facts)
        width = std::max(width, name.size());
    for (const auto& [name, value] : facts)
        out << name << std::string(width + 2 - name.size(), ' ') << value << '\n';
}

void print_json(std::ostream& out, const json::value& value) {
    print_indented(out, value, "");
    out << '\n';
}

} // namespace xvm::command
