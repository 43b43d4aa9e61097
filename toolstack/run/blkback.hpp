// SPDX-License-Identifier: Apache-2.0
// Disks that dom0's kernel serves (blkback), as far as they differ from our own. For disk operations.
#pragma once

#include "toolstack/plan/device.hpp"
#include "toolstack/run/work.hpp"

namespace xvm::run {

/// Its nodes, with the number of the block device, or of the loop device made before.
[[nodiscard]] Status add_kernel_disk(Work& work, const plan::Disk_config& disk, Domid domid);
/// Until the kernel's driver has taken it.
[[nodiscard]] Status await_kernel_disk(Work& work, const plan::Disk_config& disk, Domid domid);
/// The loop device takes up its file's size; blkback tells the guest with the next request.
[[nodiscard]] Status tell_kernel_size(Work& work, const plan::Device_ref& device);

} // namespace xvm::run
