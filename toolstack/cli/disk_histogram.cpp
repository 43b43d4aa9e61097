// SPDX-License-Identifier: Apache-2.0
#include "toolstack/cli/disk_histogram.hpp"

#include "toolstack/cli/cells.hpp"
#include "toolstack/cli/disk_times.hpp"
#include "toolstack/command/output.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace xvm::cli {
namespace json = boost::json;
namespace {

struct Phase {
    const char* key;
    const char* heading;
};
constexpr std::array<Phase, 4> phases{
    {{"wake", "WAKE"}, {"queue", "QUEUE"}, {"service", "SERVICE"}, {"whole", "WHOLE"}}};
constexpr std::uint64_t bar_width = 12;
constexpr std::size_t rows_max = 64; ///< a bucket is a power of two

std::uint64_t number(const json::value* times, const char* key) {
    const json::value* found = times != nullptr ? member(*times, key) : nullptr;
    json::error_code error;
    const auto value = found != nullptr && found->is_number() ? found->to_number<std::uint64_t>(error) : 0;
    return error ? 0 : value;
}

/// As long as the count's part of the most, and seen as soon as there is any.
std::string bar(std::uint64_t count, std::uint64_t most) {
    if (count == 0) return {};
    const double part = static_cast<double>(count) / static_cast<double>(most);
    return std::string(std::max<std::size_t>(1, static_cast<std::size_t>(part * bar_width + 0.5)), '#');
}

} // namespace

std::string histogram_of(const json::value& disk) {
    const json::value* detail = member(disk, "detail");
    const json::value* times = detail != nullptr ? member(*detail, "times") : nullptr;
    std::array<Time_counts, phases.size()> counts;
    std::set<std::uint64_t> ends;
    for (std::size_t p = 0; p < phases.size(); ++p) {
        counts[p] = time_counts(times != nullptr ? member(*times, phases[p].key) : nullptr);
        for (const auto& [below, many] : counts[p])
            if (ends.size() < rows_max) ends.insert(below);
    }
    if (ends.empty()) return {};

    command::Rows rows{{">UP TO"}};
    for (const Phase& phase : phases)
        rows[0].insert(rows[0].end(), {std::string(">") + phase.heading, ""});
    for (const std::uint64_t below : ends) {
        rows.push_back({below <= 1 ? "0 ns" : short_time(below)});
        for (const Time_counts& phase : counts) {
            std::uint64_t most = 1;
            for (const auto& [end, many] : phase)
                most = std::max(most, many);
            const auto found = phase.find(below);
            const std::uint64_t many = found != phase.end() ? found->second : 0;
            rows.back().insert(rows.back().end(), {many != 0 ? std::to_string(many) : "", bar(many, most)});
        }
    }
    const bool precise = plain(member(*times, "clock")) == "precise";
    return plain(member(disk, "dev")) + ": requests by how long each phase took, " +
           (precise ? "by the precise clock" : "in whole ticks of " + short_time(number(times, "tick_ns"))) +
           "\n" + command::table_text(rows);
}

} // namespace xvm::cli
