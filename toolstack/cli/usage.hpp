// SPDX-License-Identifier: Apache-2.0
// Help, from the model.
#pragma once

#include "toolstack/model/model.hpp"

#include <string>

namespace xvm::cli {

/// All verbs, a line each.
[[nodiscard]] std::string usage_text();

/// What one verb takes.
[[nodiscard]] std::string help_text(const model::Verb& verb);

} // namespace xvm::cli
