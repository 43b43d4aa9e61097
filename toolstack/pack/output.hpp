// SPDX-License-Identifier: Apache-2.0
// What xvm-pack prints: sizes for people, tables, and JSON whose "schema" names its shape.
#pragma once

#include "libvmshare/base/result.hpp"
#include "libvmshare/pack/index.hpp"

#include <boost/json/object.hpp>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace xvm::pack_tool {

/// "0 B", "512 B", "1.5 KiB", "4.0 GiB": three digits at most before the unit.
[[nodiscard]] std::string human_bytes(std::uint64_t bytes);

/// "1 image", "2 images".
[[nodiscard]] std::string image_count(std::size_t count);

/// Columns as wide as their widest cell, two spaces between. The first row is the heading; a heading
/// that starts with '>' aligns its column to the right.
void print_table(std::ostream& out, const std::vector<std::vector<std::string>>& rows);

/// {"schema": "xvm-pack.VERB/1", "pack": pack}
[[nodiscard]] boost::json::object json_answer(std::string_view verb, const std::string& pack);
/// {"name", "kind", "size_bytes", "offset", "sha256"}; sha256 is null in a plain pack.
[[nodiscard]] boost::json::object json_image(const pack::Image& image);
/// {"schema": "xvm-pack.error/1", "error": {"exit_code", "object", "cause", "remedy"}}
[[nodiscard]] boost::json::object json_error(const Error& error);
/// Indented by two spaces, and a newline at the end.
void print_json(std::ostream& out, const boost::json::value& value);

} // namespace xvm::pack_tool
