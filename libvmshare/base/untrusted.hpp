// SPDX-License-Identifier: Apache-2.0
// A value that came from a peer: a ring, a guest-writable store path, an image header.
// Invariant: the value leaves only through check(), so a reader sees at each use which rule held.
#pragma once

#include <optional>
#include <utility>

namespace xvm {

template <class T>
class Untrusted {
  public:
    constexpr explicit Untrusted(T value) noexcept : value_(std::move(value)) {}

    /// The value if `rule(value)` holds, nothing otherwise.
    template <class Rule>
    [[nodiscard]] constexpr std::optional<T> check(Rule&& rule) const {
        if (std::forward<Rule>(rule)(value_)) return value_;
        return std::nullopt;
    }

  private:
    T value_;
};

/// The rule "low ≤ value ≤ high".
template <class T>
[[nodiscard]] constexpr auto within(T low, T high) {
    return [low, high](const T& value) { return value >= low && value <= high; };
}

} // namespace xvm
