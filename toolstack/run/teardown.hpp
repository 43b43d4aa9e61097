// SPDX-License-Identifier: Apache-2.0
// The way a domain goes: its disks let go, itself ended, its traces removed. Every part can be repeated;
// what is gone already is no error.
#pragma once

#include "toolstack/run/ports.hpp"

#include <span>
#include <vector>

namespace xvm::run {

/// The disks of our backend that the number has nodes of.
[[nodiscard]] Result<std::vector<std::uint32_t>> disk_devids(port::Store& store, Domid domid);
/// Tells the backends of these disks that they end.
[[nodiscard]] Status close_disks(Ports& ports, Domid domid, std::span<const std::uint32_t> devids);
/// Waits until the backends have let go, or patience ends (timeout: names the disk). Returns at once when
/// no block backend runs: then nothing is held.
[[nodiscard]] Status await_closed(Ports& ports, Domid domid, std::span<const std::uint32_t> devids);

/// Ends the domain and waits until Xen has forgotten it. leftovers: it stays, dying.
[[nodiscard]] Status end_domain(Ports& ports, const Domain_id& id);

} // namespace xvm::run
