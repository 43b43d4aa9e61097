// SPDX-License-Identifier: Apache-2.0
#include "toolstack/run/spare_clearing.hpp"

#include "libvmshare/port/boot_check.hpp"

#include <algorithm>
#include <string_view>

namespace xvm::run {
namespace {

/// The words are parted by blanks; the last of several holds, as in Linux.
bool clears_what_it_takes(std::string_view command_line) {
    constexpr std::string_view name = "init_on_alloc=";
    bool clears = false;
    while (!command_line.empty()) {
        const std::string_view word = command_line.substr(0, command_line.find(' '));
        command_line.remove_prefix(std::min(word.size() + 1, command_line.size()));
        if (word.substr(0, name.size()) == name) clears = word.substr(name.size()) == "1";
    }
    return clears;
}

} // namespace

Status spare_clearing(port::Domains& domains, port::Guest_type type, std::string& command_line) {
    constexpr std::string_view word = "xen_scrub_pages";
    constexpr std::string_view added = " xen_scrub_pages=0";
    XVM_TRY_LET(const port::Host_info host, domains.host());
    const auto& can = host.capabilities;
    const bool clears =
        std::find(can.begin(), can.end(), "scrub-domheap") != can.end() || clears_what_it_takes(command_line);
    const bool fits = command_line.size() + added.size() <= port::command_line_max(type);
    if (clears && fits && command_line.find(word) == std::string::npos) command_line += added;
    return {};
}

} // namespace xvm::run
