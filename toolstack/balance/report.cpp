// SPDX-License-Identifier: Apache-2.0
#include "toolstack/balance/report.hpp"

#include "libvmshare/base/number.hpp"

#include <array>

namespace xvm::balance {

std::optional<Report> parse_report(std::string_view text) noexcept {
    constexpr std::size_t fields = 7;
    constexpr std::uint64_t kib_max = 1ULL << 40, pressure_max = 100'00;
    std::array<std::uint64_t, fields> numbers{};
    for (std::size_t i = 0; i < fields; ++i) {
        const std::size_t end = text.find(' ');
        if ((end == std::string_view::npos) != (i + 1 == fields)) return std::nullopt;
        const auto number = parse_number<std::uint64_t>(text.substr(0, end));
        if (!number) return std::nullopt;
        numbers[i] = *number;
        if (end != std::string_view::npos) text.remove_prefix(end + 1);
    }
    const auto [version, seq, total, available, working_set, some, full] = numbers;
    if (version != 1 || total > kib_max || available > kib_max || working_set > kib_max ||
        some > pressure_max || full > pressure_max)
        return std::nullopt;
    return Report{seq,
                  total << 10,
                  available << 10,
                  working_set << 10,
                  static_cast<unsigned>(some),
                  static_cast<unsigned>(full)};
}

} // namespace xvm::balance
