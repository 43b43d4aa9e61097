// SPDX-License-Identifier: Apache-2.0
// Which device of a guest: its class, its number there, and where its nodes stand.
#pragma once

#include "libvmshare/base/ids.hpp"
#include "toolstack/plan/config.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xvm::plan {

/// What xvm gives to guests. xvbd: a disk of xvm-blkd; vbd: one of the kernel's blkback; vif: a network
/// interface of the kernel's netback.
enum class Device_class : std::uint8_t { xvbd, vbd, vif };
inline constexpr std::array all_device_classes{Device_class::xvbd, Device_class::vbd, Device_class::vif};

[[nodiscard]] std::string_view name_of(Device_class device_class) noexcept; ///< "xvbd"
[[nodiscard]] std::optional<Device_class> parse_device_class(std::string_view name) noexcept;
[[nodiscard]] Device_class class_of(Disk_backend backend) noexcept;

struct Device_ref {
    Device_class device_class = Device_class::xvbd;
    std::uint32_t devid = 0;
    bool operator==(const Device_ref&) const = default;
};

[[nodiscard]] inline Device_ref ref_of(const Disk_config& disk) noexcept {
    return {class_of(disk.backend), disk.devid};
}
[[nodiscard]] inline Device_ref ref_of(const Net_config& net) noexcept {
    return {Device_class::vif, net.devid};
}

[[nodiscard]] std::string frontend_dir(const Device_ref& device, Domid guest);
[[nodiscard]] std::string backend_dir(const Device_ref& device, Domid guest);
/// What xvm keeps of it, where no guest can read.
[[nodiscard]] std::string config_dir(const Device_ref& device, Domid guest);

/// Above all devices of the class that the guest has: gone with the last of them.
[[nodiscard]] std::vector<std::string> class_trees(Device_class device_class, Domid guest);
/// Where the guest's backends of the class lie.
[[nodiscard]] std::string backend_tree(Device_class device_class, Domid guest);

/// Where dom0's kernel says what went wrong with the backend, in a node "error" below a directory for the
/// guest.
[[nodiscard]] std::string kernel_error_dir(const Device_ref& device, Domid guest);

/// "vif7.0": the other end of a network interface in dom0.
[[nodiscard]] std::string interface_name(Domid guest, std::uint32_t devid);

/// By which a loop device of this disk is found again.
[[nodiscard]] std::string loop_label(const Uuid& guest, std::uint32_t devid);

} // namespace xvm::plan
