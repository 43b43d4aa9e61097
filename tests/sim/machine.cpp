// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/machine.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <stdexcept>

namespace xvm::sim {
namespace {

constexpr double tick_s = static_cast<double>(tick_ms) / 1000;
constexpr std::uint64_t turn_bytes = 16 * mib;
constexpr std::uint64_t writer_step_bytes = 30'000ULL << 10;

} // namespace

Machine::Machine(const Scenario& scenario)
    : scenario_(scenario), turns_(scenario.guests.size()), free_bytes_(scenario.total_bytes) {
    for (const Guest_spec& spec : scenario.guests) {
        Guest guest;
        guest.spec = &spec;
        guests_.push_back(guest);
    }
    for (std::size_t i = 0; i < guests_.size(); ++i) {
        live(guests_[i]);
        if (guests_[i].life == Life::waits && !start(i, guests_[i].spec->size_bytes))
            throw std::logic_error("the guests of the beginning do not fit");
    }
}

void Machine::ask(std::size_t index, std::uint64_t bytes, std::uint64_t limit) {
    Guest& guest = guests_[index];
    if (guest.life != Life::runs) return;
    if (bytes < guest.spec->min_bytes && bytes < guest.target_bytes) ++metrics_.below_min;
    guest.target_bytes = std::min(bytes, guest.spec->max_bytes);
    guest.limit_bytes = limit;
}

bool Machine::start(std::size_t index, std::uint64_t bytes) {
    Guest& guest = guests_[index];
    if (guest.life != Life::waits || bytes > free_bytes_) return false;
    free_bytes_ -= bytes;
    guest.life = Life::runs;
    guest.memory_bytes = guest.target_bytes = guest.limit_bytes = bytes;
    ++changes_;
    return true;
}

void Machine::refuse(std::size_t index) {
    guests_[index].ask_again_ms = now_ms_ + retry_ms;
    ++metrics_.refused;
}

bool Machine::is_asked_for(std::size_t index) const {
    return guests_[index].life == Life::waits && now_ms_ >= guests_[index].ask_again_ms;
}

void Machine::step() {
    now_ms_ += tick_ms;
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < guests_.size(); ++i) {
        Guest& guest = guests_[i];
        live(guest);
        balloon(guest, i);
        say(guest);
        count(guest);
        sum += guest.memory_bytes;
    }
    if (sum + free_bytes_ != scenario_.total_bytes) throw std::logic_error("memory was lost or made");
}

void Machine::live(Guest& guest) {
    const Guest_spec& spec = *guest.spec;
    if (guest.life == Life::not_yet && now_ms_ >= spec.born_ms) {
        guest.life = Life::waits;
        ++changes_;
    }
    if (guest.life != Life::ended && now_ms_ >= spec.ends_ms) {
        free_bytes_ += guest.memory_bytes;
        guest.memory_bytes = 0;
        guest.life = Life::ended;
        ++changes_;
    }
    const bool paused = spec.paused && now_ms_ >= spec.paused->first && now_ms_ < spec.paused->second;
    if (paused != guest.paused) ++changes_;
    guest.paused = paused;
    guest.need_bytes = spec.need_at(now_ms_);
}

void Machine::balloon(Guest& guest, std::size_t index) {
    if (guest.life != Life::runs || guest.paused) return;
    const std::uint64_t most = std::min(guest.target_bytes, guest.limit_bytes);
    if (guest.memory_bytes > guest.target_bytes && guest.spec->kind != Kind::stuck) {
        std::uint64_t rate = give_bytes_per_tick;
        // What is in use has to be written out first.
        if (guest.spec->kind == Kind::slow || guest.memory_bytes <= guest.need_bytes) rate /= 10;
        const std::uint64_t bytes = std::min(rate, guest.memory_bytes - guest.target_bytes);
        guest.memory_bytes -= bytes;
        free_bytes_ += bytes;
        metrics_.moved_bytes += static_cast<double>(bytes);
        turn(index, -static_cast<double>(bytes));
    } else if (guest.memory_bytes < most) {
        const std::uint64_t bytes = std::min({take_bytes_per_tick, most - guest.memory_bytes, free_bytes_});
        guest.memory_bytes += bytes;
        free_bytes_ -= bytes;
        metrics_.moved_bytes += static_cast<double>(bytes);
        turn(index, static_cast<double>(bytes));
    }
}

/// Counts a change of direction.
void Machine::turn(std::size_t index, double change) {
    Turn& last = turns_[index];
    if (change * last.sum < 0) {
        if (std::abs(last.sum) >= static_cast<double>(turn_bytes) && now_ms_ - last.at_ms <= starved_ms)
            ++metrics_.turns;
        last.sum = 0;
    }
    if (now_ms_ - last.at_ms > starved_ms) last.sum = 0;
    last.sum += change;
    last.at_ms = now_ms_;
}

void Machine::say(Guest& guest) {
    if (guest.life != Life::runs || guest.paused) return;
    const std::uint64_t lacks =
        guest.need_bytes > guest.memory_bytes ? guest.need_bytes - guest.memory_bytes : 0;
    const double stalled =
        std::min(1.0, 4 * static_cast<double>(lacks) /
                          static_cast<double>(std::max<std::uint64_t>(guest.need_bytes, 1)));
    guest.pressure += (stalled - guest.pressure) * tick_s / 10;
    if (guest.spec->kind == Kind::silent) return;
    const bool lies = guest.spec->kind == Kind::liar;

    const std::uint64_t with_swap = lies ? guest.spec->max_bytes : guest.need_bytes;
    const std::uint64_t before = guest.meminfo.used_bytes;
    if (guest.meminfo.seq == 0 || with_swap > before + writer_step_bytes ||
        before > with_swap + writer_step_bytes) {
        guest.meminfo = {with_swap, 0, guest.meminfo.seq + 1, guest.memory_bytes};
    }
    const std::uint64_t used = lies ? guest.spec->max_bytes : std::min(guest.need_bytes, guest.memory_bytes);
    const auto some = static_cast<unsigned>(lies ? 10'000 : std::lround(guest.pressure * 10'000));
    const std::uint64_t step = std::max(guest.memory_bytes / 64, 4 * mib);
    const std::uint64_t said = guest.module.used_bytes;
    const bool is_new = guest.module.seq == 0 || used > said + step || said > used + step ||
                        guest.memory_bytes > guest.module.memory_bytes + step ||
                        guest.module.memory_bytes > guest.memory_bytes + step ||
                        some / 500 != guest.module.some_centipercent / 500;
    if (is_new && now_ms_ - guest.module_at_ms >= 1000) {
        guest.module = {used, some, guest.module.seq + 1, guest.memory_bytes};
        guest.module_at_ms = now_ms_;
        ++changes_;
    }
}

void Machine::count(Guest& guest) {
    const bool waits = guest.life == Life::waits;
    if ((guest.life != Life::runs && !waits) || guest.paused) return;
    if (waits) metrics_.waited_s += tick_s;
    const std::uint64_t lacks =
        guest.need_bytes > guest.memory_bytes ? guest.need_bytes - guest.memory_bytes : 0;
    metrics_.unmet_byte_s += static_cast<double>(lacks) * tick_s;
    if (lacks <= guest.need_bytes / 10) {
        guest.lacks_since_ms = -1;
        return;
    }
    if (guest.lacks_since_ms < 0) guest.lacks_since_ms = now_ms_ - tick_ms;
    const std::int64_t since = now_ms_ - guest.lacks_since_ms;
    if (since > starved_ms)
        metrics_.starved_s += since - tick_ms <= starved_ms ? static_cast<double>(since) / 1000 : tick_s;
}

} // namespace xvm::sim
