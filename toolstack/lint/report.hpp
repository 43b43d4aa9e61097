// SPDX-License-Identifier: Apache-2.0
// What xvm-store-lint prints.
#pragma once

#include "xenstore-schema/lint.hpp"

#include <boost/json/object.hpp>
#include <ostream>
#include <span>

namespace xvm::lint_tool {

/// Two lines a finding: what is wrong, then whose fault, why and the remedy; at the end how many.
void print_text(std::ostream& out, std::span<const schema::Finding> findings, std::size_t nodes);

/// {"schema": "xvm-store-lint/1", "nodes", "errors", "warnings", "findings": [{"severity", "rule", "path",
/// "what", "writer", "why", "remedy"}]}
[[nodiscard]] boost::json::object report_json(std::span<const schema::Finding> findings, std::size_t nodes);

/// The same in one line.
void print_json(std::ostream& out, std::span<const schema::Finding> findings, std::size_t nodes);

} // namespace xvm::lint_tool
