// SPDX-License-Identifier: Apache-2.0
// The machine's list of event channels: who owns which port and to what it is joined.
// Invariant: of two joined ports each names the other; eventfds of joined ports are the same two, crosswise.
#pragma once

#include "libvmshare/port/hosted/desk.hpp"
#include "libvmshare/port/hosted/limits.hpp"

#include <boost/json/array.hpp>
#include <map>
#include <memory>
#include <optional>

namespace xvm::port::hosted {

/// One process of one domain, for as long as the machine runs.
enum class Process_id : std::uint32_t {};

class Port_ledger {
  public:
    explicit Port_ledger(const Limits& limits) : limits_(limits) {}

    [[nodiscard]] Result<Port_end> open(Process_id process, Domid domid, Domid remote);
    /// failed: no such port of `remote`, or it is joined already, or not meant for `domid`.
    [[nodiscard]] Result<Port_end> bind(Process_id process, Domid domid, Domid remote,
                                        Evtchn_port remote_port);
    /// Idempotent. Only a port of that process closes.
    void close(Process_id process, Domid domid, Evtchn_port port);
    void process_ended(Process_id process);

    [[nodiscard]] boost::json::array dump() const;

  private:
    using Eventfd = std::shared_ptr<Unique_fd>;
    using Key = std::pair<Domid, Evtchn_port>;
    struct Port {
        Process_id process{};
        Domid remote{};
        std::optional<Evtchn_port> peer;
        Eventfd receive;
        Eventfd send;
    };

    [[nodiscard]] Result<Evtchn_port> unused(Domid domid) const;
    [[nodiscard]] Result<Port_end> insert(Domid domid, Evtchn_port number, Port port);
    std::map<Key, Port>::iterator erase(std::map<Key, Port>::iterator port);

    Limits limits_;
    std::map<Key, Port> ports_;
};

} // namespace xvm::port::hosted
