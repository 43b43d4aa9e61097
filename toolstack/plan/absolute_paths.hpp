// SPDX-License-Identifier: Apache-2.0
// A configuration that can be moved: its relative paths are written out, and nothing else is changed.
#pragma once

#include "toolstack/plan/config.hpp"

namespace xvm::plan {

/// The text of a configuration that parse_config() takes, with every path in it absolute: comments and layout
/// stay. The same guest, wherever the text lies.
[[nodiscard]] tl::expected<std::string, Config_errors> with_absolute_paths(const Config_text& text);

} // namespace xvm::plan
