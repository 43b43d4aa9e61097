// SPDX-License-Identifier: Apache-2.0
#include "toolstack/plan/cpu_list.hpp"

#include "libvmshare/base/number.hpp"

#include <set>

namespace xvm::plan {
namespace {

constexpr unsigned cpus_max = 4096;

std::optional<unsigned> parse_cpu(std::string_view text) {
    const auto cpu = parse_number<unsigned>(text);
    return cpu && *cpu < cpus_max ? cpu : std::nullopt;
}

} // namespace

std::optional<std::vector<unsigned>> parse_cpu_list(std::string_view text) {
    if (text == "all") return std::vector<unsigned>{};
    std::set<unsigned> cpus;
    for (;;) {
        const std::size_t comma = text.find(',');
        const std::string_view part = text.substr(0, comma);
        const std::size_t dash = part.find('-');
        const auto first = parse_cpu(part.substr(0, dash));
        const auto last = dash == std::string_view::npos ? first : parse_cpu(part.substr(dash + 1));
        if (!first || !last || *last < *first) return {};
        for (unsigned cpu = *first; cpu <= *last; ++cpu)
            cpus.insert(cpu);
        if (comma == std::string_view::npos) break;
        text.remove_prefix(comma + 1);
    }
    return std::vector<unsigned>(cpus.begin(), cpus.end());
}

std::string cpu_list_text(const std::vector<unsigned>& cpus, unsigned host_cpus) {
    if (cpus.empty() || cpus.size() >= host_cpus) return "all";
    std::string text;
    for (std::size_t i = 0; i < cpus.size();) {
        std::size_t end = i + 1;
        while (end < cpus.size() && cpus[end] == cpus[end - 1] + 1)
            ++end;
        text += (text.empty() ? "" : ",") + std::to_string(cpus[i]);
        if (end - i > 1) text += "-" + std::to_string(cpus[end - 1]);
        i = end;
    }
    return text;
}

} // namespace xvm::plan
