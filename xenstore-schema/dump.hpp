// SPDX-License-Identifier: Apache-2.0
// A store as text, the way `xenstore-ls -f -p` prints it:
//     /local/domain/7/name = "web"   (n0,r7)
// Permissions may be missing. \n \r \t \\ \" and \NNN (octal) in a value stand for single bytes.
#pragma once

#include "libvmshare/base/result.hpp"
#include "xenstore-schema/store_image.hpp"

#include <string_view>

namespace xvm::schema {

/// usage: a line that is not of that form, or a path that is there twice; the error names the line.
[[nodiscard]] Result<Store_image> parse_dump(std::string_view text);

} // namespace xvm::schema
