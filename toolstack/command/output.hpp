// SPDX-License-Identifier: Apache-2.0
// What commands print: sizes for people, aligned tables, indented JSON, refusals.
#pragma once

#include "toolstack/api/error_json.hpp"

#include <boost/json/value.hpp>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xvm::command {

/// "0 B", "512 B", "1.5 KiB", "4.0 GiB": three digits at most before the unit.
[[nodiscard]] std::string human_bytes(std::uint64_t bytes);
/// Memory in the unit that all of xvm speaks: "256 MiB".
[[nodiscard]] std::string mebibytes(std::uint64_t bytes);

using Rows = std::vector<std::vector<std::string>>;
using Facts = std::vector<std::pair<std::string, std::string>>;

/// Columns as wide as their widest cell, two spaces between. The first row is the heading; a heading
/// that starts with '>' aligns its column to the right.
[[nodiscard]] std::string table_text(const Rows& rows);

/// "name    value" lines, the values aligned.
[[nodiscard]] std::string facts_text(const Facts& facts);

/// Indented by two spaces, and a newline at the end.
[[nodiscard]] std::string json_text(const boost::json::value& value);

/// Standard output cannot be written to: errno says why, 0 if it is not known any more.
[[nodiscard]] Error output_error(int error_number);

/// "PROGRAM: object: cause; remedy", a line for each thing that was wrong.
[[nodiscard]] std::string refusal_text(std::string_view program, const api::Failure& failure);

void print_table(std::ostream& out, const Rows& rows);
void print_json(std::ostream& out, const boost::json::value& value);

} // namespace xvm::command
