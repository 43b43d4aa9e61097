// SPDX-License-Identifier: Apache-2.0
// The host's network as far as guests' interfaces need it: bridges that somebody else has made, and
// interfaces that are put into them.
//
// Contract (tests/contract/network holds every port to it):
// - join() is all or nothing as far as the bridge goes, and may be repeated.
// - An interface leaves its bridge when its driver removes it: there is no leave().
// Used by one thread at a time.
#pragma once

#include "libvmshare/base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace xvm::port {

/// Counts are of the interface in dom0: what it received, its guest has sent.
struct Interface_info {
    bool up = false;
    std::string bridge; ///< the one it is in; empty: none
    std::uint64_t received_bytes = 0;
    std::uint64_t received_packets = 0;
    std::uint64_t sent_bytes = 0;
    std::uint64_t sent_packets = 0;
    std::uint64_t dropped = 0; ///< packets, both ways
    bool operator==(const Interface_info&) const = default;
};

class Network {
  public:
    virtual ~Network() = default;

    /// not_found: there is no such interface; usage: there is, but it is no bridge.
    [[nodiscard]] virtual Status check_bridge(const std::string& bridge) = 0;
    /// Puts the interface into the bridge and sets it up. not_found: one of the two is not there.
    [[nodiscard]] virtual Status join(const std::string& interface, const std::string& bridge) = 0;
    /// Nothing: no interface has that name.
    [[nodiscard]] virtual Result<std::optional<Interface_info>> look_up(const std::string& interface) = 0;
};

} // namespace xvm::port
