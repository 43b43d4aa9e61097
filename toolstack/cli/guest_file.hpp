// SPDX-License-Identifier: Apache-2.0
// A guest's configuration, read here and not by xvmd.
#pragma once

#include "toolstack/api/error_json.hpp"
#include "toolstack/plan/config.hpp"

#include <string>

namespace xvm::cli {

/// The file's guest ("-": of standard input); a Failure names every mistake in it.
[[nodiscard]] tl::expected<plan::Guest_config, api::Failure> read_guest(const std::string& path);

} // namespace xvm::cli
