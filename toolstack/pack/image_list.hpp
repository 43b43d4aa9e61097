// SPDX-License-Identifier: Apache-2.0
// Which file becomes which image: NAME=FILE[,kind=KIND], as arguments or as lines of a list file. Pure.
#pragma once

#include "libvmshare/base/result.hpp"
#include "libvmshare/pack/index.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace xvm::pack_tool {

struct Image_line {
    std::string name;
    std::string path;
    pack::Kind kind = pack::Kind::data;
};

/// One NAME=FILE[,kind=KIND]. Without a kind, an image that is named as a kind ("kernel") is of it, every
/// other is data. Errors carry Fault::usage and name `where`.
[[nodiscard]] Result<Image_line> parse_image_line(std::string_view text, const std::string& where);

/// A list file: one image a line; empty lines and lines that start with '#' are skipped. A FILE that
/// does not start with '/' lies beside the list. Errors name "LIST:LINE".
[[nodiscard]] Result<std::vector<Image_line>> parse_image_list(std::string_view text,
                                                               const std::string& list);

/// "65536", "64K", "1M", "2G", "1T" (powers of 1024).
[[nodiscard]] Result<std::uint64_t> parse_bytes(std::string_view text, const std::string& where);

} // namespace xvm::pack_tool
