// SPDX-License-Identifier: Apache-2.0
// The host of a scenario, in steps of a tenth of a second: what Xen and the guests do. Policies ask; guests
// give and take at the rates that a Linux balloon was measured at.
//
// Invariant: the memory of all guests and what is free are the scenario's total after every step, to the
// byte (step() checks it), and nobody owns what is not there.
#pragma once

#include "tests/sim/scenario.hpp"

#include <cstddef>

namespace xvm::sim {

inline constexpr std::int64_t tick_ms = 100;
inline constexpr std::uint64_t give_bytes_per_tick = 177 * mib / 10;
inline constexpr std::uint64_t take_bytes_per_tick = 680 * mib / 10;
inline constexpr std::int64_t retry_ms = 10'000; ///< who was refused is started again after this
inline constexpr std::int64_t starved_ms = 10'000;

enum class Life : std::uint8_t { not_yet, waits, runs, ended };

/// What a guest says of itself, as each side has it told.
struct Said {
    std::uint64_t used_bytes = 0;
    unsigned some_centipercent = 0;
    std::uint64_t seq = 0;          ///< 0: nothing yet
    std::uint64_t memory_bytes = 0; ///< what it had then
};

struct Guest {
    const Guest_spec* spec = nullptr;
    Life life = Life::not_yet;
    bool paused = false;
    std::uint64_t memory_bytes = 0;
    std::uint64_t target_bytes = 0; ///< what it is asked to have
    std::uint64_t limit_bytes = 0;  ///< Xen lets it own no more
    std::uint64_t need_bytes = 0;   ///< the truth, which no policy sees
    Said module;  ///< xvm_mem.ko: at most once a second, what is in use of what it has, pressure
    Said meminfo; ///< qubes-meminfo-writer: ten times a second, steps of 30000 KiB, swap counted
    std::int64_t ask_again_ms = 0; ///< while it waits: not before
    double pressure = 0;           ///< average of ten seconds, 0 … 1
    std::int64_t module_at_ms = 0;
    std::int64_t lacks_since_ms = -1;
};

struct Metrics {
    double unmet_byte_s = 0; ///< what guests needed and did not have, times how long
    double moved_bytes = 0;  ///< by balloons, either way
    double starved_s = 0;    ///< in stretches of more than ten seconds below nine tenths of the need
    double waited_s = 0;     ///< by guests that were to start
    unsigned refused = 0;    ///< starts that a policy gave up
    unsigned below_min = 0;  ///< guests that were asked to have less than their minimum
    unsigned turns =
        0; ///< guests that gave 16 MiB or more and got as much, or the other way, within ten seconds
};

class Machine {
  public:
    explicit Machine(const Scenario& scenario);

    [[nodiscard]] std::int64_t now_ms() const { return now_ms_; }
    [[nodiscard]] std::uint64_t free_bytes() const { return free_bytes_; }
    [[nodiscard]] std::uint64_t total_bytes() const { return scenario_.total_bytes; }
    [[nodiscard]] bool is_over() const { return now_ms_ >= scenario_.duration_ms; }
    [[nodiscard]] const std::vector<Guest>& guests() const { return guests_; }
    [[nodiscard]] const Metrics& metrics() const { return metrics_; }
    /// Rises when a guest comes, goes, is paused, or says something new.
    [[nodiscard]] std::uint64_t changes() const { return changes_; }

    /// The guest is asked to have `bytes`, and may own no more than `limit`.
    void ask(std::size_t guest, std::uint64_t bytes, std::uint64_t limit);
    /// A waiting guest is built with `bytes` of what is free; false: so much is not free.
    [[nodiscard]] bool start(std::size_t guest, std::uint64_t bytes);
    /// A waiting guest is not started now.
    void refuse(std::size_t guest);
    /// Whether it waits, and is to be started now.
    [[nodiscard]] bool is_asked_for(std::size_t guest) const;

    void step();

  private:
    void live(Guest& guest);
    void balloon(Guest& guest, std::size_t index);
    void say(Guest& guest);
    void count(Guest& guest);
    void turn(std::size_t index, double change);

    struct Turn {
        double sum = 0; ///< in one direction
        std::int64_t at_ms = -1'000'000;
    };
    const Scenario& scenario_;
    std::vector<Guest> guests_;
    std::vector<Turn> turns_;
    std::uint64_t free_bytes_;
    std::int64_t now_ms_ = 0;
    std::uint64_t changes_ = 1;
    Metrics metrics_;
};

} // namespace xvm::sim
