// SPDX-License-Identifier: Apache-2.0
// Words of the command line to a verb and its request; usage and help from the same table.
#pragma once

#include "toolstack/pack/verb.hpp"

#include <span>

namespace xvm::pack_tool {

/// The verb of that name; else Fault::usage with the nearest one.
[[nodiscard]] Result<const Verb*> find_verb(std::span<const Verb* const> verbs, std::string_view name);

/// What follows the verb. An unknown option is an error with the nearest one there is.
[[nodiscard]] Result<Request> parse_request(const Verb& verb, const std::vector<std::string>& words);

[[nodiscard]] std::string usage_text(std::span<const Verb* const> verbs);
[[nodiscard]] std::string help_text(const Verb& verb);

} // namespace xvm::pack_tool
