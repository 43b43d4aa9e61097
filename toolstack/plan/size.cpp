// SPDX-License-Identifier: Apache-2.0
#include "toolstack/plan/size.hpp"

#include "libvmshare/base/number.hpp"

#include <array>

namespace xvm::plan {
namespace {

struct Unit {
    std::string_view name;
    unsigned shift;
};
constexpr std::array units{Unit{"KiB", 10}, Unit{"MiB", 20}, Unit{"GiB", 30}, Unit{"TiB", 40}};

} // namespace

std::optional<std::uint64_t> parse_size(std::string_view text) noexcept {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const auto count = parse_number<std::uint64_t>(text.substr(0, digits));
    std::string_view name = text.substr(digits);
    if (!name.empty() && name.front() == ' ') name.remove_prefix(1);
    for (const Unit& unit : units)
        if (count && unit.name == name && *count < (std::uint64_t{1} << (63 - unit.shift)))
            return *count << unit.shift;
    return std::nullopt;
}

std::string size_text(std::uint64_t bytes) {
    for (std::size_t i = units.size(); i-- > 0;)
        if (bytes != 0 && bytes % (std::uint64_t{1} << units[i].shift) == 0)
            return std::to_string(bytes >> units[i].shift) + std::string(units[i].name);
    return std::to_string(bytes) + "B";
}

std::optional<std::uint64_t> parse_duration(std::string_view text) noexcept {
    struct Step {
        std::string_view name;
        std::uint64_t ms;
    };
    constexpr std::array steps{Step{"ms", 1}, Step{"s", 1000}, Step{"m", 60'000}, Step{"h", 3'600'000}};
    constexpr std::uint64_t ten_years_ms = 10ULL * 365 * 24 * 3'600'000;
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const auto count = parse_number<std::uint64_t>(text.substr(0, digits));
    for (const Step& step : steps)
        if (count && step.name == text.substr(digits) && *count <= ten_years_ms / step.ms)
            return *count * step.ms;
    return std::nullopt;
}

} // namespace xvm::plan
