// SPDX-License-Identifier: Apache-2.0
// Which device a step is about, and what the two sides of it say.
#pragma once

#include "toolstack/plan/device.hpp"
#include "toolstack/run/work.hpp"
#include "xenstore-schema/states.hpp"

#include <boost/json/object.hpp>
#include <chrono>

namespace xvm::run {

struct Device_args {
    plan::Device_ref device;
    std::string name; ///< as the user knows it: "disk xvdb", "net 0"
};

/// "class", "devid" and "name" of a step's arguments.
[[nodiscard]] Result<Device_args> device_args(const boost::json::object& args);
/// "limit_ms".
[[nodiscard]] Result<std::chrono::milliseconds> limit_arg(const boost::json::object& args);

/// As they stand, read one after the other; unknown: not there.
struct Sides {
    schema::Device_state backend = schema::Device_state::unknown;
    schema::Device_state frontend = schema::Device_state::unknown;
};
[[nodiscard]] Result<Sides> sides_of(port::Store& store, Domid domid, const plan::Device_ref& device);

/// What the backend, or dom0's kernel for it, says is wrong with the device; empty: nothing.
[[nodiscard]] Result<std::string> complaint(port::Store& store, Domid domid, const plan::Device_ref& device);

/// The guest's number while its nodes are its own; nothing when they are gone or another's.
[[nodiscard]] Result<std::optional<Domid>> number_of_nodes(Work& work);

} // namespace xvm::run
