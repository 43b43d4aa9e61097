// SPDX-License-Identifier: Apache-2.0
// Where a disk's requests spend their time, from the time stamps that they carry.
//
//     submitted ──wake──> event received ──queue──> taken ──service──> answered
//
// Invariant: the phases of a request sum to its whole time exactly, in the clock's own units. A request
// submitted while the disk was at work waits for no event: its wake is not counted. The front end's stamp
// is its word: one that lies in the future counts as submitted when it was taken.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

namespace xvm::block {

/// The timer page, as a backend reads it.
class Clock {
  public:
    virtual ~Clock() = default;
    /// The page's value for a header, 0: there is no time just now.
    [[nodiscard]] virtual std::uint64_t stamp() = 0;
    /// Nanoseconds of one tick, for stamps that are ticks.
    [[nodiscard]] virtual std::uint64_t tick_ns() const = 0;
};

/// Counts by powers of two of nanoseconds.
struct Histogram {
    static constexpr unsigned buckets_max = 41;
    /// counts[0]: 0 ns; counts[i]: 2^(i-1) ns and more, below 2^i; the last one also everything above.
    std::array<std::uint64_t, buckets_max> counts{};
    std::uint64_t count = 0;
    std::uint64_t sum_ns = 0;
    std::uint64_t max_ns = 0;

    void add(std::uint64_t ns) noexcept;
};

/// What a request carried, and what the backend noted.
struct Stamps {
    std::uint64_t submitted = 0;
    std::uint64_t event = 0; ///< 0: taken while at work already
    std::uint64_t taken = 0;
    std::uint64_t answered = 0;
};

struct Profile {
    Histogram wake, queue, service, whole;
    std::uint64_t unstamped = 0; ///< requests without stamps that fit together
    bool precise = false;        ///< the last stamps were nanoseconds, not ticks
    std::uint64_t tick_ns = 0;

    void add(const Stamps& stamps, std::uint64_t tick_ns) noexcept;
};

/// The way of one request, in nanoseconds.
struct Phases {
    std::uint64_t submitted = 0; ///< by the clock of the page, as are the next three
    std::uint64_t handed_over = 0;
    std::uint64_t taken = 0;
    std::uint64_t answered = 0;
    std::optional<std::uint64_t> wake; ///< none: no event announced it
    std::uint64_t queue = 0;
    std::uint64_t service = 0;
    std::uint64_t whole = 0; ///< wake and the two
    bool precise = false;    ///< else of whole ticks
};
/// Nothing if the stamps are not there, or do not fit together.
[[nodiscard]] std::optional<Phases> phases_of(const Stamps& stamps, std::uint64_t tick_ns) noexcept;

/// When the request was handed over: the event that announced it, or when it was taken.
[[nodiscard]] std::uint64_t handed_over(const Stamps& stamps) noexcept;

} // namespace xvm::block
