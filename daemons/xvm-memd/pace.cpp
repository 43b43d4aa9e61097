// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvm-memd/pace.hpp"

namespace xvm::memd {

bool is_changing(const balance::World& world, const balance::World& before) {
    for (const balance::Guest_view& guest : world.guests) {
        if (guest.movable == balance::Movable::host || guest.movable == balance::Movable::no_balloon)
            continue;
        if (!guest.report) continue;
        const balance::Guest_view* earlier = find(before, guest.uuid);
        if (earlier == nullptr || earlier->report != guest.report) return true;
    }
    return false;
}

std::optional<balance::Millis> next_look(bool lacking, bool changing) noexcept {
    if (lacking || changing) return between_looks;
    return std::nullopt;
}

balance::Millis look_at_report(balance::Millis last_look, balance::Millis now) noexcept {
    return std::clamp(last_look + between_looks - now, balance::Millis(0), between_looks);
}

} // namespace xvm::memd
