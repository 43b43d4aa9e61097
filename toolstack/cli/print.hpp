// SPDX-License-Identifier: Apache-2.0
// An answer as text, by the schema that it names and the format that was asked for.
//
// Invariant: of the same answer, every format shows the same facts; json and jsonl leave nothing out.
#pragma once

#include "toolstack/cli/arguments.hpp"

#include <boost/json/value.hpp>
#include <string>
#include <vector>

namespace xvm::cli {

using Columns = std::vector<const model::Field*>;

/// The columns of a table or csv of such answers: those of --columns, or all with a heading. usage: with the
/// nearest field there is.
[[nodiscard]] Result<Columns> columns_of(const Arguments& arguments);

/// The whole of what is printed for an answer.
[[nodiscard]] std::string answer_text(const Arguments& arguments, const Columns& columns,
                                      const boost::json::value& answer);

// Line by line, for what comes piece by piece. Each ends with a newline; the first may be empty.
[[nodiscard]] std::string heading_line(const Arguments& arguments, const Columns& columns);
[[nodiscard]] std::string row_line(const Arguments& arguments, const Columns& columns,
                                   const boost::json::value& row);

} // namespace xvm::cli
