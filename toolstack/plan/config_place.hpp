// SPDX-License-Identifier: Apache-2.0
// Where in a configuration that is well written stands what could not be had: the line of the kernel that is
// not there, of the bridge that the host does not have.
#pragma once

#include "toolstack/plan/config.hpp"

#include <optional>

namespace xvm::plan {

/// "SOURCE:LINE:COLUMN" of the value that a refusal is about ("disk xvda: …", "domain 'web'": the name is
/// taken); nothing when it is about none.
[[nodiscard]] std::optional<std::string> place_of(const Config_text& text, const Error& refusal);

} // namespace xvm::plan
