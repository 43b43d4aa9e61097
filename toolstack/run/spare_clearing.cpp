// SPDX-License-Identifier: Apache-2.0
#include "toolstack/run/spare_clearing.hpp"

#include "libvmshare/port/boot_check.hpp"

#include <algorithm>
#include <string_view>

namespace xvm::run {

Status spare_clearing(port::Domains& domains, port::Guest_type type, std::string& command_line) {
    constexpr std::string_view word = "xen_scrub_pages";
    constexpr std::string_view added = " xen_scrub_pages=0";
    XVM_TRY_LET(const port::Host_info host, domains.host());
    const auto& can = host.capabilities;
    const bool clears = std::find(can.begin(), can.end(), "scrub-domheap") != can.end();
    const bool fits = command_line.size() + added.size() <= port::command_line_max(type);
    if (clears && fits && command_line.find(word) == std::string::npos) command_line += added;
    return {};
}

} // namespace xvm::run
