// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvm-memd/pace.hpp"

namespace xvm::memd {

Seen seen_in(const balance::World& world, const balance::World& before, bool lacking) {
    Seen seen;
    seen.lacking = lacking;
    for (const balance::Guest_view& guest : world.guests) {
        if (guest.movable == balance::Movable::host || guest.movable == balance::Movable::no_balloon)
            continue;
        ++seen.movable;
        if (!guest.report) continue;
        ++seen.reporting;
        const balance::Guest_view* earlier = find(before, guest.uuid);
        if (earlier == nullptr || earlier->report != guest.report) seen.changing = true;
    }
    return seen;
}

std::optional<balance::Millis> next_look(const Seen& seen) noexcept {
    using balance::Millis;
    if (seen.lacking || seen.changing) return Millis(1'000);
    if (seen.reporting > 0) return Millis(3'000);
    if (seen.movable > 0) return Millis(60'000); // one may begin to say something
    return std::nullopt;
}

} // namespace xvm::memd
