// SPDX-License-Identifier: Apache-2.0
// The linter: holds the nodes of a store against the schema.
//
// Judged are xvm's own tree, the directories of its device classes, and the stock nodes of domains
// that stand under /xvm/domain. Other domains' nodes are left alone; that a dead domain's directory
// is still there is told, whoever made it.
// Invariant: pure; the same image gives the same findings, sorted by path.
#pragma once

#include "xenstore-schema/store_image.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace xvm::schema {

enum class Severity : std::uint8_t { warning, error };

enum class Rule : std::uint8_t {
    unknown_node,      ///< the schema has no such node
    wrong_value,       ///< not of its type, out of range, not what the path says
    differs,           ///< two nodes that must say the same do not
    wrong_permissions, ///< somebody may do more or less than the schema says
    missing_node,      ///< must be there, in this state or always
    missing_directory, ///< one of the directories that belong together is not there
    surplus_node,      ///< a numbered node beyond what its sibling counts
    illegal_states,    ///< two sides' states that cannot be seen together
    leftover,          ///< of a domain that does not live
};

[[nodiscard]] std::string_view name(Severity severity) noexcept;
[[nodiscard]] std::string_view name(Rule rule) noexcept;

struct Finding {
    Severity severity = Severity::error;
    Rule rule = Rule::unknown_node;
    std::string path;
    std::string what;   ///< is wrong
    std::string writer; ///< who is to write it right: whose fault it is
    std::string why;    ///< the line of the schema
    std::string remedy;
};

[[nodiscard]] std::vector<Finding> lint(const Store_image& image);

} // namespace xvm::schema
