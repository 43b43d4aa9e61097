// SPDX-License-Identifier: Apache-2.0
// xvm disk stats: what a guest's disks have carried, and how often anybody was woken for it.
#include "toolstack/cli/daemon.hpp"
#include "toolstack/cli/verbs.hpp"
#include "toolstack/command/output.hpp"

#include <array>
#include <boost/json/array.hpp>
#include <cstdio>

namespace xvm::cli {
namespace {

std::string ratio(std::uint64_t part, std::uint64_t whole) {
    if (whole == 0) return "-";
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.3f", static_cast<double>(part) / static_cast<double>(whole));
    return text.data();
}

std::vector<std::string> row_of(const boost::json::value& disk) {
    const std::uint64_t requests = number_at(disk, "requests");
    const std::uint64_t to_guest = number_at(disk, "sends_to_guest");
    const std::uint64_t from_guest = number_at(disk, "sends_from_guest");
    return {text_at(disk, "dev"),
            text_at(disk, "backend_state"),
            std::to_string(requests),
            std::to_string(number_at(disk, "errors")),
            command::human_bytes(number_at(disk, "bytes_read")),
            command::human_bytes(number_at(disk, "bytes_written")),
            std::to_string(to_guest),
            std::to_string(from_guest),
            ratio(to_guest + from_guest, requests)};
}

Outcome run(const Request& request, std::ostream& out) {
    XVM_ASK(const auto answer,
            ask(request, {"GET", api::target({"v1", "domains", request.arguments[0], "disks"}), {}, {}}));
    if (request.format == command::Format::json) {
        command::print_json(out, answer);
        return {};
    }
    command::Rows rows{{"DEV", "STATE", ">REQUESTS", ">ERRORS", ">READ", ">WRITTEN", ">SENT TO GUEST",
                        ">BY GUEST", ">SENT/REQUEST"}};
    for (const auto& disk : list_at(answer, "disks"))
        rows.push_back(row_of(disk));
    if (rows.size() == 1)
        out << "domain '" << text_at(answer, "name") << "' has no disk\n";
    else
        command::print_table(out, rows);
    return {};
}

} // namespace

const Verb disk_stats_verb{
    "disk stats",
    "ID",
    "show what a guest's disks have carried",
    "Requests, bytes, and how many notifications (event-channel sends) either side made for them: by the\n"
    "backend to the guest, and by the guest to the backend (its own count).",
    nullptr,
    run,
    1,
    1,
};

} // namespace xvm::cli
