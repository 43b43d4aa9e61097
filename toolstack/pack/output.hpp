// SPDX-License-Identifier: Apache-2.0
// What xvm-pack prints besides tables: JSON whose "schema" names its shape.
#pragma once

#include "libvmshare/pack/index.hpp"
#include "toolstack/command/output.hpp"

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

namespace xvm::pack_tool {

using command::human_bytes;
using command::print_json;
using command::print_table;

/// "1 image", "2 images".
[[nodiscard]] std::string image_count(std::size_t count);

/// {"schema": "xvm-pack.VERB/1", "pack": pack}
[[nodiscard]] boost::json::object json_answer(std::string_view verb, const std::string& pack);
/// {"name", "kind", "size_bytes", "offset", "sha256"}; sha256 is null in a plain pack.
[[nodiscard]] boost::json::object json_image(const pack::Image& image);

} // namespace xvm::pack_tool
