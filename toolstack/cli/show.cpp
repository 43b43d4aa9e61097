// SPDX-License-Identifier: Apache-2.0
// xvm show: one domain.
#include "toolstack/cli/daemon.hpp"
#include "toolstack/cli/verbs.hpp"
#include "toolstack/command/output.hpp"

#include <boost/json/array.hpp>

namespace xvm::cli {
namespace {

std::string disk_text(const boost::json::value& disk) {
    const std::string error = text_at(disk, "error");
    return text_at(disk, "kind") + " " + text_at(disk, "path") + ", " +
           (text_at(disk, "mode") == "w" ? "read-write" : "read-only") + ", backend " +
           text_at(disk, "backend_state") + ", guest " + text_at(disk, "frontend_state") +
           (error.empty() ? "" : ", error: " + error);
}

void print(std::ostream& out, const boost::json::value& domain) {
    const std::uint64_t memory = number_at(domain, "memory_bytes");
    const std::uint64_t memory_max = number_at(domain, "memory_max_bytes");
    const std::string tty = text_at(domain, "console_tty");
    std::vector<std::pair<std::string, std::string>> facts{
        {"name", text_at(domain, "name")},
        {"number", std::to_string(number_at(domain, "domid"))},
        {"uuid", text_at(domain, "uuid")},
        {"type", text_at(domain, "type")},
        {"state", text_at(domain, "state")},
        {"started by", is_true_at(domain, "managed") ? "xvm" : "another tool"},
        {"vcpus", std::to_string(number_at(domain, "vcpus"))},
        {"memory", command::mebibytes(memory) +
                       (memory_max > memory ? ", may grow to " + command::mebibytes(memory_max) : "")},
        {"console", tty.empty() ? "none" : tty},
    };
    for (const auto& disk : list_at(domain, "disks"))
        facts.emplace_back("disk " + text_at(disk, "dev"), disk_text(disk));
    command::print_facts(out, facts);
}

Outcome run(const Request& request, std::ostream& out) {
    XVM_ASK(const auto domain,
            ask(request, {"GET", api::target({"v1", "domains", request.arguments[0]}), {}, {}}));
    if (request.format == command::Format::json)
        command::print_json(out, domain);
    else
        print(out, domain);
    return {};
}

} // namespace

const Verb show_verb{
    "show", "ID", "show one domain and its disks", "ID is a name, a number or a uuid.", nullptr, run, 1, 1,
};

} // namespace xvm::cli
