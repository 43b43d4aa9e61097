// SPDX-License-Identifier: Apache-2.0
// Worlds for the tests of toolstack/balance.
#pragma once

#include "toolstack/balance/world.hpp"

#include <random>
#include <string>

namespace xvm::balance::test {

inline constexpr std::uint64_t mib = 1ULL << 20;

inline Uuid uuid_of(std::size_t number) {
    Uuid uuid;
    uuid.bytes[15] = static_cast<std::uint8_t>(number);
    uuid.bytes[14] = static_cast<std::uint8_t>(number >> 8);
    return uuid;
}

/// A guest that has `memory` MiB, of `min` to `max`.
inline Guest_view guest(std::size_t number, std::uint64_t memory, std::uint64_t min, std::uint64_t max) {
    Guest_view view;
    view.uuid = uuid_of(number);
    view.name = "guest" + std::to_string(number);
    view.memory_bytes = view.target_bytes = memory * mib;
    view.min_bytes = min * mib;
    view.max_bytes = max * mib;
    return view;
}

/// It says that `used` MiB of what it has are in use.
inline Guest_view saying(Guest_view view, std::uint64_t used, unsigned some_centipercent = 0) {
    const std::uint64_t bytes = used * mib;
    view.report = Report{1,     view.memory_bytes, view.memory_bytes > bytes ? view.memory_bytes - bytes : 0,
                         bytes, some_centipercent, 0};
    return view;
}

using Random = std::mt19937_64;
inline std::uint64_t pick(Random& random, std::uint64_t least, std::uint64_t most) {
    return std::uniform_int_distribution<std::uint64_t>(least, most)(random);
}

} // namespace xvm::balance::test
