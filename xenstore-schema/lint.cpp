// SPDX-License-Identifier: Apache-2.0
#include "xenstore-schema/lint.hpp"

#include "xenstore-schema/lint_directories.hpp"
#include "xenstore-schema/lint_nodes.hpp"
#include "xenstore-schema/survey.hpp"

#include <algorithm>
#include <utility>

namespace xvm::schema {

std::string_view name(Severity severity) noexcept {
    return severity == Severity::warning ? "warning" : "error";
}

std::string_view name(Rule rule) noexcept {
    switch (rule) {
    case Rule::unknown_node:
        return "unknown-node";
    case Rule::wrong_value:
        return "wrong-value";
    case Rule::differs:
        return "differs";
    case Rule::wrong_permissions:
        return "wrong-permissions";
    case Rule::missing_node:
        return "missing-node";
    case Rule::missing_directory:
        return "missing-directory";
    case Rule::surplus_node:
        return "surplus-node";
    case Rule::illegal_states:
        return "illegal-states";
    case Rule::leftover:
        return "leftover";
    }
    return "?";
}

std::vector<Finding> lint(const Store_image& image) {
    Survey seen = survey(image);
    std::vector<Finding> findings = std::move(seen.findings);
    lint_nodes(image, seen, findings);
    lint_directories(image, seen, findings);
    std::stable_sort(findings.begin(), findings.end(),
                     [](const Finding& a, const Finding& b) { return a.path < b.path; });
    return findings;
}

} // namespace xvm::schema
