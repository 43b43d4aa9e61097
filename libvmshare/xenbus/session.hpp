// SPDX-License-Identifier: Apache-2.0
// One side's end of one device in the store: reads both states, writes its own with the nodes that belong to
// it. Invariant: it writes no state that the table does not allow from what the store then holds.
#pragma once

#include "libvmshare/port/store.hpp"
#include "libvmshare/xenbus/peer_ring.hpp"
#include "libvmshare/xenbus/state.hpp"

namespace xvm::xenbus {

struct Device_paths {
    std::string own;  ///< this side's directory
    std::string peer; ///< the other's
};

class Session {
  public:
    /// `store` and `transitions` (of the device's class) outlive the session.
    Session(port::Store& store, std::span<const Transition> transitions, Side side, Device_paths paths)
        : store_(store), transitions_(transitions), side_(side), paths_(std::move(paths)) {}

    struct States {
        Device_state own = Device_state::unknown;
        Device_state peer = Device_state::unknown;
    };
    /// Both states, one soon after the other: what is done upon them is checked again by go(). A node that is
    /// not there, or is not ours to read any more: unknown.
    [[nodiscard]] Result<States> states();

    /// Writes `nodes`, which nobody looks at before the state says so; then the state, in a transaction with
    /// what allows it. (All in one transaction would cost more with each guest there is:
    /// docs/performance.md.) busy: the table does not allow it from what the store holds, and the state is
    /// not written: look again. not_found: our directory is gone; what was written into it is, too.
    [[nodiscard]] Status go(Device_state to, std::span<const Node_value> nodes = {});

    /// Writes `nodes` and our state as it is, so that the peer looks again. busy: it is not `in`.
    [[nodiscard]] Status tell(Device_state in, std::span<const Node_value> nodes);

    /// Backend: says why in the node `error` and goes to closing.
    [[nodiscard]] Status refuse(const std::string& why);

    /// `names` of the peer, read once and together.
    [[nodiscard]] Result<Peer_nodes> read_peer(std::span<const std::string> names) {
        return read_peer_nodes(store_, paths_.peer, names);
    }

    [[nodiscard]] const Device_paths& paths() const noexcept { return paths_; }

  private:
    [[nodiscard]] Status check(const States& states, Device_state to) const;
    [[nodiscard]] Status put(std::span<const Node_value> nodes);
    [[nodiscard]] Status sweep();
    [[nodiscard]] Result<Device_state> state_below(const std::string& dir, port::Txn txn);

    port::Store& store_;
    std::span<const Transition> transitions_;
    Side side_;
    Device_paths paths_;
};

} // namespace xvm::xenbus
