// SPDX-License-Identifier: Apache-2.0
// Decimal text to number, for store nodes and command lines: the whole text must be the number.
#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string_view>

namespace xvm {

/// Digits only (no sign for unsigned types, no space, no trailing text), in the range of T.
template <std::integral T>
[[nodiscard]] std::optional<T> parse_number(std::string_view text) noexcept {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

} // namespace xvm
