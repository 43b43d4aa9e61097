// SPDX-License-Identifier: Apache-2.0
// The two sides of a device and what each does next: pure decisions, no store.
//
// The legal transitions are data of xenstore-schema (states.hpp). Here is which of them a side takes, from
// its own state, the peer's and whether it was started anew. Kernel front ends follow frontend_step() too.
// Invariant (tests/unit/libvmshare/xenbus): every step leads along a legal transition.
#pragma once

#include "xenstore-schema/states.hpp"

#include <optional>
#include <span>
#include <string_view>

namespace xvm::xenbus {

using schema::Device_state;
using schema::Party;
using schema::Side;
using schema::Transition;

/// From a state node's text, which a guest may have written: what is no state is unknown.
[[nodiscard]] Device_state parse_state(const std::optional<std::string>& text) noexcept;

/// Whether `by` may take `side` from `from` to `to` while it sees the peer in `peer`.
[[nodiscard]] bool is_legal(std::span<const Transition> transitions, Side side, Party by, Device_state from,
                            Device_state to, Device_state peer) noexcept;

/// What a backend knows of one device.
struct Backend_view {
    Device_state own = Device_state::unknown;  ///< as in the store
    Device_state peer = Device_state::unknown; ///< unknown also where the guest is gone
    bool announced = false;                    ///< this process has published; false after a restart
};

enum class Backend_step : std::uint8_t {
    wait,     ///< the peer's or the toolstack's turn
    announce, ///< open the image, publish the offer, → init-wait
    /// Read the front end's nodes once, check, map, bind, publish sizes, → connected (or refuse: → closing).
    /// A ring whose indices are not all 0 was offered to a backend that died over it: stay in init-wait;
    /// the front end will see that, and offer a fresh one.
    connect,
    close,  ///< drain, unmap, unbind, → closed
    forget, ///< our directory is gone: as close, but there is nothing left to write
};

[[nodiscard]] Backend_step backend_step(const Backend_view& view) noexcept;

/// What a front end knows of one device.
struct Frontend_view {
    Device_state own = Device_state::unknown;
    Device_state peer = Device_state::unknown;
};

enum class Frontend_step : std::uint8_t {
    wait,
    offer, ///< fresh zeroed ring and port, nodes in one transaction, → initialised. From connected the
           ///< backend began anew: first stop the queue and end the old grants
    start, ///< add the disk, or send unanswered requests again, → connected
    leave, ///< stop the queue, delete the disk, → closed; end the grants as soon as the backend has unmapped
};

[[nodiscard]] Frontend_step frontend_step(const Frontend_view& view) noexcept;

} // namespace xvm::xenbus
