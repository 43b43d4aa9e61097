// SPDX-License-Identifier: Apache-2.0
// Whether a node's value is one that its row allows.
#pragma once

#include "xenstore-schema/pattern.hpp"
#include "xenstore-schema/row.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace xvm::schema {

/// What is wrong with the value, in words, or nothing. `bindings`: of the node's path.
[[nodiscard]] std::optional<std::string> wrong_value(const Node_row& row, const Bindings& bindings,
                                                     std::string_view value);

/// The value between quotes, all but plain ASCII as \xNN, cut at 60 bytes: fit for a terminal.
[[nodiscard]] std::string quoted(std::string_view value);

} // namespace xvm::schema
