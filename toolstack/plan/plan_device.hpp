// SPDX-License-Identifier: Apache-2.0
// Plans for devices: those that a guest is started with, and those that come, go and change while it runs.
#pragma once

#include "toolstack/plan/device.hpp"
#include "toolstack/plan/plan.hpp"
#include "toolstack/plan/plan_life.hpp"

#include <chrono>

namespace xvm::plan {

/// Refusals that need no domain, for a guest about to be made.
void add_device_checks(Plan& plan, const Guest_config& guest);
/// Its devices, up to their backends' offers; none of its processors has run.
void add_devices(Plan& plan, const Guest_config& guest);

struct Attach_options {
    bool await_guest = true; ///< until the guest's driver has taken it
    std::chrono::milliseconds limit{std::chrono::seconds(20)};
};
[[nodiscard]] Plan plan_attach_disk(const Guest_ref& guest, const Disk_config& disk,
                                    const Attach_options& options);
[[nodiscard]] Plan plan_attach_net(const Guest_ref& guest, const Net_config& net,
                                   const Attach_options& options);

struct Detach_options {
    bool force = false; ///< the guest is told, not asked
    std::chrono::milliseconds limit{std::chrono::seconds(20)};
};
/// `name`: as the user knows the device: "disk xvdb", "net 0".
[[nodiscard]] Plan plan_detach(const Guest_ref& guest, const Device_ref& device, const std::string& name,
                               const Detach_options& options);

/// Other bytes in the file of a raw disk, `to_bytes` instead of `from_bytes`, if they differ; in any case the
/// guest is told what there is.
[[nodiscard]] Plan plan_resize_disk(const Guest_ref& guest, const Disk_config& disk, std::uint64_t from_bytes,
                                    std::uint64_t to_bytes);

} // namespace xvm::plan
