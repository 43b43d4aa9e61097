// SPDX-License-Identifier: Apache-2.0
#include "toolstack/cli/disk_times.hpp"

#include "toolstack/cli/cells.hpp"

#include <array>
#include <boost/json/array.hpp>
#include <cmath>
#include <string>

namespace xvm::cli {
namespace json = boost::json;
namespace {

constexpr std::array<std::string_view, 3> phases{"wake", "queue", "service"};

std::uint64_t number_at(const json::value& object, std::string_view key) {
    const json::value* found = member(object, key);
    if (found == nullptr || !found->is_number()) return 0;
    json::error_code error;
    const auto number = found->to_number<std::uint64_t>(error);
    return error ? 0 : number;
}

const json::value* disk_of(const json::value* domain, std::uint64_t devid) {
    const json::value* disks = domain != nullptr ? member(*domain, "disks") : nullptr;
    if (disks == nullptr || !disks->is_array()) return nullptr;
    for (const json::value& disk : disks->get_array())
        if (number_at(disk, "devid") == devid) return &disk;
    return nullptr;
}

Time_counts counts_of(const json::value* disk, std::string_view phase) {
    const json::value* times = disk != nullptr ? member(*disk, "times") : nullptr;
    return time_counts(times != nullptr ? member(*times, phase) : nullptr);
}

void add_quantiles(json::object& to, std::string_view phase, const Time_counts& counts) {
    for (const auto& [name, part] : {std::pair("_p50_ns", 0.5), std::pair("_p99_ns", 0.99)})
        if (const auto ns = quantile_ns(counts, part)) to[std::string(phase) + name] = *ns;
}

} // namespace

Time_counts time_counts(const json::value* histogram) {
    Time_counts counts;
    const json::value* buckets = histogram != nullptr ? member(*histogram, "buckets") : nullptr;
    if (buckets == nullptr || !buckets->is_array()) return counts;
    for (const json::value& bucket : buckets->get_array())
        if (const std::uint64_t many = number_at(bucket, "count"); many != 0)
            counts[number_at(bucket, "below_ns")] += many;
    return counts;
}

Time_counts since(const Time_counts& now, const Time_counts& before) {
    Time_counts rest = now;
    for (const auto& [below, many] : before) {
        const auto found = rest.find(below);
        if (found == rest.end() || found->second < many) return now;
        found->second -= many;
        if (found->second == 0) rest.erase(found);
    }
    return rest;
}

std::optional<std::uint64_t> quantile_ns(const Time_counts& counts, double part) {
    double all = 0;
    for (const auto& [below, many] : counts)
        all += static_cast<double>(many);
    double left = all * part;
    for (const auto& [below, many] : counts) {
        const auto here = static_cast<double>(many);
        if (left > here) {
            left -= here;
            continue;
        }
        const auto from = static_cast<double>(below / 2);
        return below <= 1 ? 0 : static_cast<std::uint64_t>(std::lround(from + from * left / here));
    }
    return std::nullopt;
}

void add_disk_times(json::object& domain, const json::value* before, double seconds) {
    json::value* disks = domain.if_contains("disks");
    if (disks == nullptr || !disks->is_array() || before == nullptr) return;
    std::array<Time_counts, phases.size()> all;
    for (json::value& disk : disks->get_array()) {
        if (!disk.is_object()) continue;
        const json::value* earlier = disk_of(before, number_at(disk, "devid"));
        const std::uint64_t answered = number_at(disk, "requests");
        const std::uint64_t answered_before = earlier != nullptr ? number_at(*earlier, "requests") : 0;
        const std::uint64_t more = answered >= answered_before ? answered - answered_before : answered;
        json::object& to = disk.get_object();
        to["requests_per_s"] = static_cast<std::uint64_t>(std::lround(static_cast<double>(more) / seconds));
        for (std::size_t p = 0; p < phases.size(); ++p) {
            const Time_counts counts = since(counts_of(&disk, phases[p]), counts_of(earlier, phases[p]));
            add_quantiles(to, phases[p], counts);
            for (const auto& [below, many] : counts)
                all[p][below] += many;
        }
    }
    for (std::size_t p = 0; p < phases.size(); ++p)
        add_quantiles(domain, phases[p], all[p]);
}

} // namespace xvm::cli
