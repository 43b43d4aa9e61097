// SPDX-License-Identifier: Apache-2.0
// The way a guest's devices and the guest itself go. Every part can be repeated; what is gone already is no
// error.
#pragma once

#include "toolstack/plan/device.hpp"
#include "toolstack/run/ports.hpp"

#include <span>

namespace xvm::run {

/// Of the devices that the guest has, according to the backends' side.
[[nodiscard]] Result<std::vector<plan::Device_ref>> guest_devices(port::Store& store, Domid domid);
/// Tells their backends that they end, without asking the guest: its side of them is gone at once.
[[nodiscard]] Status close_devices(Ports& ports, Domid domid, std::span<const plan::Device_ref> devices);
/// Waits until the backends have let go, or patience ends (timeout: names the device). Does not wait for one
/// that does not run: it holds nothing.
[[nodiscard]] Status await_closed(Ports& ports, Domid domid, std::span<const plan::Device_ref> devices);
/// Whether its backend has let go, or never took it, or it is not there at all.
[[nodiscard]] Result<bool> is_closed(port::Store& store, Domid domid, const plan::Device_ref& device);
/// Lets go of the loop devices of the guest's disks. To be called while its private nodes are there.
[[nodiscard]] Status release_loops(Ports& ports, const Domain_id& id);

/// Ends the domain and waits until Xen has forgotten it. leftovers: it stays, dying.
[[nodiscard]] Status end_domain(Ports& ports, const Domain_id& id);

} // namespace xvm::run
