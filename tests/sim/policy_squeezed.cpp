// SPDX-License-Identifier: Apache-2.0
// XenServer's squeezed by its published design (its doc/design), written anew:
//
// - every guest has a range, minimum to maximum; all are at the same part of the way through it, so that all
//   memory is in use but for 9 MiB;
// - every 10 s it looks whether that is so; if not, it sets targets once a second until it is: first those
//   who are to give, and only when they have, those who are to get;
// - a guest that has not come nearer to its target for 5 s is left out for the rest of that;
// - for a start, if there is not enough free and all at rest, its share of the way through its own range is
// computed among the others' and freed; it
//   starts with what then is free, if that is its minimum; it fails when all targets are reached and it is
//   not.
#include "tests/sim/policy.hpp"

#include <algorithm>
#include <cstdlib>

namespace xvm::sim {
namespace {

constexpr std::int64_t slush = 9 * static_cast<std::int64_t>(mib), inaccuracy = 4096, tolerance = 512 * 1024;
constexpr std::int64_t check_ms = 10'000, round_ms = 1'000, stuck_ms = 5'000;
constexpr std::size_t nobody = SIZE_MAX;

class Squeezed : public Policy {
  public:
    void tick(Machine& machine) override {
        machine_ = &machine;
        sides_.resize(machine.guests().size());
        now_ = machine.now_ms();
        if (is_active_) {
            if (now_ >= next_round_ms_) iterate();
            return;
        }
        for (std::size_t i = 0; i < sides_.size(); ++i)
            if (machine.is_asked_for(i)) return begin_start(i);
        if (now_ < next_check_ms_) return;
        next_check_ms_ = now_ + check_ms;
        if (is_unbalanced()) begin(slush, nobody);
    }

  private:
    struct Side {
        std::int64_t last = 0, progress_ms = 0;
        bool is_known = false, is_stuck = false;
    };
    struct Target {
        std::size_t guest = 0;
        std::int64_t bytes = 0;
    };

    static std::int64_t whole(std::uint64_t bytes) { return static_cast<std::int64_t>(bytes); }
    [[nodiscard]] const Guest& guest(std::size_t i) const { return machine_->guests()[i]; }
    [[nodiscard]] bool can_balloon(std::size_t i) const {
        return guest(i).life == Life::runs && !guest(i).paused;
    }
    static bool has_hit(std::int64_t actual, std::int64_t target) {
        return std::abs(actual - target) <= inaccuracy;
    }

    void observe() {
        for (std::size_t i = 0; i < sides_.size(); ++i) {
            Side& side = sides_[i];
            const std::int64_t actual = whole(guest(i).memory_bytes), target = whole(guest(i).target_bytes);
            if (!side.is_known) side = {actual, now_, true, false};
            const std::int64_t change = actual - side.last;
            side.last = actual;
            if ((change > 0 && target > actual) || (change < 0 && target < actual)) {
                side.progress_ms = now_;
                side.is_stuck = false;
            }
            if (!has_hit(actual, target) && now_ - side.progress_ms > stuck_ms) side.is_stuck = true;
        }
    }

    [[nodiscard]] std::vector<std::size_t> active() const {
        std::vector<std::size_t> all;
        for (std::size_t i = 0; i < sides_.size(); ++i)
            if (can_balloon(i) && !sides_[i].is_stuck) all.push_back(i);
        return all;
    }

    /// The part of the way at which `host_free` stays free, were `extra` to `extra_max` started beside them.
    [[nodiscard]] double part_of_way(const std::vector<std::size_t>& guests, std::int64_t host_free,
                                     std::int64_t extra_min = 0, std::int64_t extra_max = 0) const {
        std::int64_t most_free = whole(machine_->free_bytes()), range = extra_max - extra_min;
        for (const std::size_t i : guests) {
            most_free += std::max<std::int64_t>(0, whole(guest(i).memory_bytes) -
                                                       whole(guest(i).spec->min_bytes) - 2 * inaccuracy);
            range += whole(guest(i).spec->max_bytes) - whole(guest(i).spec->min_bytes);
        }
        const std::int64_t surplus = std::max<std::int64_t>(0, most_free - extra_min - host_free);
        return range <= 0 ? 0
                          : std::clamp(static_cast<double>(surplus) / static_cast<double>(range), 0.0, 1.0);
    }

    [[nodiscard]] std::vector<Target> targets(std::int64_t host_free) const {
        const std::vector<std::size_t> guests = active();
        const double part = part_of_way(guests, host_free);
        std::vector<Target> giving, getting;
        for (const std::size_t i : guests) {
            const Guest_spec& spec = *guest(i).spec;
            const std::int64_t bytes =
                whole(spec.min_bytes) +
                static_cast<std::int64_t>(part * static_cast<double>(spec.max_bytes - spec.min_bytes));
            const std::int64_t actual = whole(guest(i).memory_bytes);
            (!has_hit(actual, bytes) && bytes < actual ? giving : getting).push_back({i, bytes});
        }
        return giving.empty() ? getting : giving;
    }

    [[nodiscard]] bool is_unbalanced() {
        for (Side& side : sides_)
            side.is_known = false;
        observe();
        const auto wanted = targets(slush);
        return std::any_of(wanted.begin(), wanted.end(), [&](const Target& t) {
            return std::abs(whole(guest(t.guest).target_bytes) - t.bytes) > inaccuracy;
        });
    }

    void begin(std::int64_t host_free, std::size_t starts) {
        is_active_ = true;
        host_free_ = host_free;
        starting_ = starts;
        for (Side& side : sides_)
            side.is_known = false;
        iterate();
    }

    void begin_start(std::size_t i) {
        const Guest_spec& spec = *guest(i).spec;
        std::vector<std::size_t> guests;
        for (std::size_t other = 0; other < sides_.size(); ++other)
            if (can_balloon(other)) guests.push_back(other);
        const double part = part_of_way(guests, slush, whole(spec.min_bytes), whole(spec.max_bytes));
        wanted_ = whole(spec.min_bytes) +
                  static_cast<std::int64_t>(part * static_cast<double>(spec.max_bytes - spec.min_bytes));
        bool all_hit = true;
        for (const std::size_t other : guests)
            all_hit = all_hit && has_hit(whole(guest(other).memory_bytes), whole(guest(other).target_bytes));
        starting_ = i;
        if (all_hit && wanted_ + slush <= whole(machine_->free_bytes()))
            return try_start(whole(machine_->free_bytes()));
        begin(wanted_ + slush, i);
    }

    void iterate() {
        next_round_ms_ = now_ + round_ms;
        if (starting_ != nobody && guest(starting_).life != Life::waits) return end();
        observe();
        const auto wanted = targets(host_free_);
        bool all_hit = true;
        for (const std::size_t i : active())
            all_hit = all_hit && has_hit(whole(guest(i).memory_bytes), whole(guest(i).target_bytes));
        const bool no_change = std::none_of(wanted.begin(), wanted.end(), [&](const Target& t) {
            return std::abs(whole(guest(t.guest).target_bytes) - t.bytes) > inaccuracy;
        });
        const std::int64_t free = whole(machine_->free_bytes());
        if (all_hit && no_change) return starting_ == nobody ? end() : try_start(free);
        for (std::size_t i = 0; i < sides_.size(); ++i)
            if (guest(i).life == Life::runs && (sides_[i].is_stuck || guest(i).paused)) hold(i);
        for (const Target& t : wanted)
            machine_->ask(t.guest, static_cast<std::uint64_t>(t.bytes), static_cast<std::uint64_t>(t.bytes));
    }

    /// An inactive guest may not take more than it has.
    void hold(std::size_t i) {
        const Guest_spec& spec = *guest(i).spec;
        const std::uint64_t bytes = std::clamp(std::min(guest(i).target_bytes, guest(i).memory_bytes),
                                               spec.min_bytes, spec.max_bytes);
        machine_->ask(i, bytes, bytes);
    }

    void try_start(std::int64_t free) {
        const Guest_spec& spec = *guest(starting_).spec;
        const std::int64_t usable = free - slush;
        if (usable >= whole(spec.min_bytes)) {
            const auto bytes = static_cast<std::uint64_t>(
                std::min({usable, std::max(wanted_, whole(spec.min_bytes)), whole(spec.max_bytes)}));
            if (!machine_->start(starting_, bytes)) machine_->refuse(starting_);
        } else {
            machine_->refuse(starting_);
        }
        end();
    }

    void end() {
        is_active_ = false;
        starting_ = nobody;
    }

    Machine* machine_ = nullptr;
    std::vector<Side> sides_;
    std::int64_t now_ = 0, next_check_ms_ = 0, next_round_ms_ = 0;
    std::int64_t host_free_ = 0, wanted_ = 0;
    bool is_active_ = false;
    std::size_t starting_ = nobody;
};

} // namespace

std::unique_ptr<Policy> make_squeezed() {
    return std::make_unique<Squeezed>();
}

} // namespace xvm::sim
