// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/xenbus/state.hpp"

#include "xenstore-schema/state_text.hpp"

#include <algorithm>

namespace xvm::xenbus {
namespace {

bool has_left(Device_state state) noexcept {
    return state == Device_state::unknown || state == Device_state::closing || state == Device_state::closed;
}

} // namespace

Device_state parse_state(const std::optional<std::string>& text) noexcept {
    return text ? schema::state_of(*text) : Device_state::unknown;
}

bool is_legal(std::span<const Transition> transitions, Side side, Party by, Device_state from,
              Device_state to, Device_state peer) noexcept {
    return std::any_of(transitions.begin(), transitions.end(), [&](const Transition& transition) {
        return transition.side == side && transition.by == by && transition.to == to &&
               in_mask(transition.from_mask, from) && in_mask(transition.peer_mask, peer);
    });
}

Backend_step backend_step(const Backend_view& view) noexcept {
    switch (view.own) {
    case Device_state::unknown:
        return Backend_step::forget;
    case Device_state::initialised: // no state of a backend: nobody here writes it
    case Device_state::closed:
        return Backend_step::wait;
    case Device_state::closing:
        // A front end that never offered a ring has nothing to stop and may not even be loaded. One that
        // waits for answers of a backend before this one waits in vain.
        return has_left(view.peer) || view.peer == Device_state::initialising || !view.announced
                   ? Backend_step::close
                   : Backend_step::wait;
    case Device_state::initialising:
    case Device_state::init_wait:
    case Device_state::connected:
        break;
    }
    if (has_left(view.peer)) return Backend_step::close;
    if (!view.announced) return Backend_step::announce;
    if (view.own == Device_state::init_wait && view.peer == Device_state::initialised)
        return Backend_step::connect;
    return Backend_step::wait;
}

Frontend_step frontend_step(const Frontend_view& view) noexcept {
    if (view.own == Device_state::closed || view.own == Device_state::unknown ||
        view.own == Device_state::init_wait) // no state of a front end
        return Frontend_step::wait;
    if (has_left(view.peer) || view.own == Device_state::closing) return Frontend_step::leave;
    if (view.peer == Device_state::init_wait)
        // Initialised: what was offered still stands; the backend reads it when it is ready.
        return view.own == Device_state::initialised ? Frontend_step::wait : Frontend_step::offer;
    if (view.peer == Device_state::connected && view.own == Device_state::initialised)
        return Frontend_step::start;
    return Frontend_step::wait;
}

} // namespace xvm::xenbus
