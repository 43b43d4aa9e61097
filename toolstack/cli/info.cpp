// SPDX-License-Identifier: Apache-2.0
// xvm info: the host.
#include "toolstack/cli/daemon.hpp"
#include "toolstack/cli/verbs.hpp"
#include "toolstack/command/output.hpp"

#include <boost/json/array.hpp>

namespace xvm::cli {
namespace {

void print(std::ostream& out, const boost::json::value& host) {
    std::string capabilities;
    for (const auto& one : list_at(host, "capabilities"))
        if (one.is_string())
            capabilities += (capabilities.empty() ? "" : " ") + std::string(one.get_string());
    const std::uint64_t total = number_at(host, "memory_total_bytes");
    const std::uint64_t free = number_at(host, "memory_free_bytes");
    command::print_facts(
        out, {
                 {"xen", text_at(host, "xen_version")},
                 {"guest types", capabilities},
                 {"processors", std::to_string(number_at(host, "cpus"))},
                 {"memory", command::mebibytes(total) + ", " + command::mebibytes(free) + " free"},
                 {"domains", std::to_string(number_at(host, "domains"))},
                 {"block backend", text_at(host, "block_backend")},
             });
}

Outcome run(const Request& request, std::ostream& out) {
    XVM_ASK(const auto host, ask(request, {"GET", api::target({"v1", "host"}), {}, {}}));
    if (request.format == command::Format::json)
        command::print_json(out, host);
    else
        print(out, host);
    return {};
}

} // namespace

const Verb info_verb{
    "info", "", "show the host: Xen, processors, memory", "What guests can be started with.", nullptr, run,
    0,      0,
};

} // namespace xvm::cli
