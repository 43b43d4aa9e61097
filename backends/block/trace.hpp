// SPDX-License-Identifier: Apache-2.0
// The requests of one disk one by one, for as long as somebody follows them.
//
// Invariant: while nobody follows, nothing is kept and a request costs a count; whoever asks makes the disk
// keep the last entries_max for the time of a lease, and no longer. Numbers of requests rise without a gap,
// so who reads too slowly learns how many he missed.
#pragma once

#include "backends/block/profile.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

namespace xvm::block {

enum class Traced_op : std::uint8_t {
    none,
    flush,
    read,
    write
}; ///< none: it was answered with an error at once

struct Traced {
    std::uint64_t seq = 0; ///< given by Trace
    Stamps stamps;
    std::uint64_t tick_ns = 0;
    std::uint64_t sector = 0;
    std::uint32_t bytes = 0;
    std::int32_t status = 0; ///< XVM_BLK_*
    Traced_op op = Traced_op::none;
};

class Trace {
  public:
    using Clock_point = std::chrono::steady_clock::time_point;
    static constexpr std::size_t entries_max = 4096;
    static constexpr std::size_t part_max = 1000; ///< requests in one answer
    static constexpr std::chrono::seconds lease{10};

    /// The disk's thread alone. Its number is given here.
    void add(Traced request) {
        request.seq = seq_.load(std::memory_order_relaxed) + 1;
        seq_.store(request.seq, std::memory_order_relaxed);
        if (on_.load(std::memory_order_relaxed)) keep(request, std::chrono::steady_clock::now());
    }

    struct Part {
        std::vector<Traced> requests; ///< by rising number
        std::uint64_t next = 0;       ///< to be given as `after` the next time
        std::uint64_t lost = 0;       ///< since `after`, that were not kept
    };
    /// Any thread. Begins to keep requests, or goes on for another lease; those after that number, or none:
    /// from now on.
    [[nodiscard]] Part read(std::optional<std::uint64_t> after,
                            Clock_point now = std::chrono::steady_clock::now());

    [[nodiscard]] bool is_on() const noexcept { return on_.load(std::memory_order_relaxed); }

  private:
    void keep(const Traced& request, Clock_point now);
    void end_lease() noexcept;

    std::atomic<std::uint64_t> seq_{0}; ///< of the last request; written by the disk's thread
    std::atomic<bool> on_{false};
    std::mutex mutex_;
    std::deque<Traced> kept_;
    std::uint64_t before_ = 0; ///< the last number that came before kept_, or is not kept any more
    Clock_point until_{};
};

} // namespace xvm::block
