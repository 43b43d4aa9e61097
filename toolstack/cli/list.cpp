// SPDX-License-Identifier: Apache-2.0
// xvm list: the domains there are.
#include "toolstack/cli/daemon.hpp"
#include "toolstack/cli/verbs.hpp"
#include "toolstack/command/output.hpp"

#include <array>
#include <boost/json/array.hpp>
#include <cstdio>

namespace xvm::cli {
namespace {

/// "1:02:03.4": hours only when there are any.
std::string cpu_time_text(std::uint64_t ns) {
    const std::uint64_t tenths = ns / 100'000'000;
    const std::uint64_t seconds = tenths / 10;
    std::array<char, 48> text{};
    if (seconds >= 3600)
        std::snprintf(text.data(), text.size(), "%llu:%02llu:%02llu.%llu",
                      static_cast<unsigned long long>(seconds / 3600),
                      static_cast<unsigned long long>(seconds / 60 % 60),
                      static_cast<unsigned long long>(seconds % 60),
                      static_cast<unsigned long long>(tenths % 10));
    else
        std::snprintf(
            text.data(), text.size(), "%llu:%02llu.%llu", static_cast<unsigned long long>(seconds / 60),
            static_cast<unsigned long long>(seconds % 60), static_cast<unsigned long long>(tenths % 10));
    return text.data();
}

Outcome run(const Request& request, std::ostream& out) {
    XVM_ASK(const auto answer, ask(request, {"GET", api::target({"v1", "domains"}), {}, {}}));
    if (request.format == command::Format::json) {
        command::print_json(out, answer);
        return {};
    }
    command::Rows rows{{">ID", "NAME", "TYPE", "STATE", ">VCPUS", ">MEMORY", ">CPU TIME"}};
    for (const auto& domain : list_at(answer, "domains")) {
        const std::string name = text_at(domain, "name");
        rows.push_back({std::to_string(number_at(domain, "domid")), name.empty() ? "-" : name,
                        text_at(domain, "type"), text_at(domain, "state"),
                        std::to_string(number_at(domain, "vcpus")),
                        command::mebibytes(number_at(domain, "memory_bytes")),
                        cpu_time_text(number_at(domain, "cpu_time_ns"))});
    }
    command::print_table(out, rows);
    return {};
}

} // namespace

const Verb list_verb{
    "list",
    "",
    "list the domains there are",
    "Lists every domain Xen knows, whoever started it, and what is left of guests that are gone (state\n"
    "'stale'; 'xvm destroy' cleans up).",
    nullptr,
    run,
    0,
    0,
};

} // namespace xvm::cli
