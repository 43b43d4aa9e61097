// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/scenario.hpp"

#include <algorithm>
#include <random>

namespace xvm::sim {
namespace {

constexpr std::int64_t second = 1000;

class Maker {
  public:
    explicit Maker(std::uint64_t seed) : random_(seed) {}

    Scenario make() {
        Scenario scenario;
        scenario.duration_ms = 400 * second;
        std::uint64_t sizes = 0;
        const auto residents = static_cast<std::size_t>(pick(2, 8));
        for (std::size_t i = 0; i < residents; ++i) {
            scenario.guests.push_back(guest(512, 4096, 0, scenario.duration_ms));
            sizes += scenario.guests.back().size_bytes;
        }
        // Some hosts have room, some have next to none.
        scenario.total_bytes = sizes + 128 * mib + sizes / 100 * pick(0, 40);
        for (std::uint64_t comes = pick(0, 5); comes > 0; --comes) {
            const auto born = static_cast<std::int64_t>(pick(20, 330)) * second;
            const auto ends = born + static_cast<std::int64_t>(pick(30, 200)) * second;
            scenario.guests.push_back(guest(384, 1536, born, std::min(ends, scenario.duration_ms)));
        }
        return scenario;
    }

  private:
    std::uint64_t pick(std::uint64_t least, std::uint64_t most) {
        return std::uniform_int_distribution<std::uint64_t>(least, most)(random_);
    }

    Guest_spec guest(std::uint64_t max_least, std::uint64_t max_most, std::int64_t born, std::int64_t ends) {
        Guest_spec spec;
        const std::uint64_t percent = pick(0, 99);
        spec.kind = percent < 80   ? Kind::honest
                    : percent < 86 ? Kind::silent
                    : percent < 91 ? Kind::slow
                    : percent < 96 ? Kind::stuck
                                   : Kind::liar;
        spec.max_bytes = pick(max_least, max_most) * mib;
        spec.size_bytes = spec.max_bytes / 100 * pick(40, 75) / mib * mib;
        spec.min_bytes = std::max(64 * mib, spec.size_bytes / 4 / mib * mib);
        spec.born_ms = born;
        spec.ends_ms = ends;
        if (pick(0, 9) == 0 && ends - born > 60 * second) {
            const std::int64_t from = born + static_cast<std::int64_t>(pick(10, 50)) * second;
            spec.paused = {from, std::min(ends, from + static_cast<std::int64_t>(pick(20, 120)) * second)};
        }
        make_needs(spec);
        return spec;
    }

    /// Long spells of steady use, with small waves, between slow and fast changes.
    void make_needs(Guest_spec& spec) {
        const auto level = [&] { return spec.max_bytes / 100 * pick(10, pick(0, 3) == 0 ? 95 : 60); };
        std::int64_t at = spec.born_ms;
        std::uint64_t bytes = spec.born_ms == 0 ? std::min(level(), spec.size_bytes) : 48 * mib;
        spec.needs.push_back({at, bytes});
        const bool is_steady = pick(0, 3) == 0;
        while (at < spec.ends_ms) {
            const std::uint64_t next = is_steady && spec.needs.size() > 2 ? bytes : level();
            const std::uint64_t change = next > bytes ? next - bytes : bytes - next;
            const std::uint64_t rate = (pick(0, 2) == 0 ? pick(100, 600) : pick(10, 100)) * mib; // a second
            at += static_cast<std::int64_t>(change * 1000 / rate) + 100;
            bytes = next;
            spec.needs.push_back({at, bytes});
            const std::int64_t until = at + static_cast<std::int64_t>(pick(15, 150)) * second;
            for (; at < until; at += static_cast<std::int64_t>(pick(2, 10)) * second)
                spec.needs.push_back({at + 1, bytes / 100 * pick(98, 102)});
        }
    }

    std::mt19937_64 random_;
};

} // namespace

std::uint64_t Guest_spec::need_at(std::int64_t ms) const {
    const auto after =
        std::upper_bound(needs.begin(), needs.end(), ms,
                         [](std::int64_t at, const Need_point& point) { return at < point.at_ms; });
    if (after == needs.begin()) return needs.front().bytes;
    const Need_point& from = *std::prev(after);
    if (after == needs.end() || after->at_ms <= from.at_ms) return from.bytes;
    const double part = static_cast<double>(ms - from.at_ms) / static_cast<double>(after->at_ms - from.at_ms);
    const double bytes = static_cast<double>(from.bytes) +
                         part * (static_cast<double>(after->bytes) - static_cast<double>(from.bytes));
    return std::min(static_cast<std::uint64_t>(bytes), max_bytes);
}

Scenario make_scenario(std::uint64_t seed) {
    Scenario scenario = Maker(seed).make();
    scenario.seed = seed;
    return scenario;
}

} // namespace xvm::sim
