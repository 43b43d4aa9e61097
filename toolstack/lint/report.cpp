// SPDX-License-Identifier: Apache-2.0
#include "toolstack/lint/report.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <string>

namespace xvm::lint_tool {
namespace {

std::size_t count(std::span<const schema::Finding> findings, schema::Severity severity) {
    return static_cast<std::size_t>(
        std::count_if(findings.begin(), findings.end(),
                      [severity](const schema::Finding& finding) { return finding.severity == severity; }));
}

std::string counted(std::size_t number, const std::string& word) {
    return std::to_string(number) + " " + word + (number == 1 ? "" : "s");
}

} // namespace

void print_text(std::ostream& out, std::span<const schema::Finding> findings, std::size_t nodes) {
    for (const schema::Finding& finding : findings) {
        out << name(finding.severity) << ": " << finding.path << ": " << finding.what << " ["
            << name(finding.rule) << "]\n    " << finding.remedy << " (written by " << finding.writer << "; "
            << finding.why << ")\n";
    }
    out << counted(nodes, "node") << ", " << counted(count(findings, schema::Severity::error), "error")
        << ", " << counted(count(findings, schema::Severity::warning), "warning") << '\n';
}

boost::json::object report_json(std::span<const schema::Finding> findings, std::size_t nodes) {
    boost::json::array list;
    for (const schema::Finding& finding : findings)
        list.push_back(boost::json::object{{"severity", name(finding.severity)},
                                           {"rule", name(finding.rule)},
                                           {"path", finding.path},
                                           {"what", finding.what},
                                           {"writer", finding.writer},
                                           {"why", finding.why},
                                           {"remedy", finding.remedy}});
    return {{"schema", "xvm-store-lint/1"},
            {"nodes", nodes},
            {"errors", count(findings, schema::Severity::error)},
            {"warnings", count(findings, schema::Severity::warning)},
            {"findings", std::move(list)}};
}

void print_json(std::ostream& out, std::span<const schema::Finding> findings, std::size_t nodes) {
    out << boost::json::serialize(report_json(findings, nodes)) << '\n';
}

} // namespace xvm::lint_tool
