// SPDX-License-Identifier: Apache-2.0
// A domain's devices as the store and dom0 know them, for people to look at.
//
// Invariant: what a guest can write is believed only where it is a number or a state; paths in dom0's part
// of the store are made here, never taken from a guest.
#pragma once

#include "toolstack/plan/device.hpp"
#include "toolstack/run/ports.hpp"
#include "xenstore-schema/states.hpp"

namespace xvm::run {

struct Net_entry {
    std::uint32_t devid = 0;
    std::string mac;
    std::string bridge;
    std::string interface; ///< "vif7.0"
    schema::Device_state backend = schema::Device_state::unknown;
    schema::Device_state frontend = schema::Device_state::unknown;
    std::optional<port::Interface_info> info; ///< nothing while dom0 has no such interface
};

/// Of a guest of xvm, by rising number.
[[nodiscard]] Result<std::vector<Net_entry>> nets_of(Ports& ports, Domid domid);

struct Device_entry {
    std::string device_class; ///< "xvbd", "vbd", "vif", "console", or another toolstack's
    std::uint32_t devid = 0;
    Domid backend_domid{};
    schema::Device_state backend = schema::Device_state::unknown;
    schema::Device_state frontend = schema::Device_state::unknown;
    std::string detail; ///< its name in the guest, its address; empty: nothing to add
};

/// Of any domain, by class and number.
[[nodiscard]] Result<std::vector<Device_entry>> devices_of(Ports& ports, Domid domid);

} // namespace xvm::run
