// SPDX-License-Identifier: Apache-2.0
// What a program can read of its kernel's time, for the timer page.
#pragma once

#include "libvmshare/timer/writer.h"

#include <cstdint>
#include <optional>

namespace xvm::timed {

/// The kernel's ticks in a second, as its coarse clock shows them.
[[nodiscard]] std::uint32_t tick_hz();

/// Frequency of the processor's counter, if Linux calls it constant and never stopping; takes 20 ms.
[[nodiscard]] std::optional<std::uint64_t> counter_hz();

class User_clock {
  public:
    explicit User_clock(bool with_counter) : with_counter_(with_counter), hz_(tick_hz()) {}
    /// All clocks at one instant, as near as a program gets: see error_ns.
    [[nodiscard]] xvm_time_ref read();

  private:
    bool with_counter_;
    std::uint32_t hz_;
    std::int64_t utc_offset_ns_ = 0;
};

} // namespace xvm::timed
