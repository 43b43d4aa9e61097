// SPDX-License-Identifier: Apache-2.0
// Words to a verb and its request; usage and help from the same table.
#pragma once

#include "toolstack/command/program.hpp"

namespace xvm::command {

struct Found_verb {
    const Verb* verb;
    std::size_t words; ///< how many of the words name it
};

/// The verb that the words start with; else Fault::usage with the nearest one.
[[nodiscard]] Result<Found_verb> find_verb(const Program& program, const std::vector<std::string>& words);

/// What follows the verb. An unknown option is an error with the nearest one there is.
[[nodiscard]] Result<Request> parse_request(const Program& program, const Verb& verb,
                                            const std::vector<std::string>& words);

[[nodiscard]] std::string usage_text(const Program& program);
[[nodiscard]] std::string help_text(const Program& program, const Verb& verb);

} // namespace xvm::command
