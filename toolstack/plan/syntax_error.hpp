// SPDX-License-Identifier: Apache-2.0
// What is wrong with a text that is no TOML, in a user's words. Internal to the parser.
#pragma once

#include "libvmshare/base/result.hpp"

#include <string>
#include <string_view>
#include <toml++/toml.h>

namespace xvm::plan {

/// `text` is what was parsed; the object is "SOURCE:LINE:COLUMN" of what a user has to change.
[[nodiscard]] Error explain(const toml::parse_error& error, std::string_view text, const std::string& source);

} // namespace xvm::plan
