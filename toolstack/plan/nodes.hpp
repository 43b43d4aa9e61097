// SPDX-License-Identifier: Apache-2.0
// What the store is told of a guest, as lists: made here, written elsewhere. Paths, names and permissions
// are the schema's; only values are decided here.
#pragma once

#include "libvmshare/base/ids.hpp"
#include "toolstack/plan/config.hpp"
#include "toolstack/plan/device.hpp"
#include "xenstore-schema/types.hpp"

#include <span>
#include <string>
#include <vector>

namespace xvm::plan {

struct Node {
    std::string path;
    std::string value;                               ///< empty: a node without one
    std::span<const schema::Permission> permissions; ///< empty: as its parent
    bool after_all = false;                          ///< not before all above are there
};

/// In the order they are to be written: a directory before what inherits its permissions.
using Nodes = std::vector<Node>;

/// What building the domain found out, as the guest's nodes want it.
struct Guest_facts {
    Domain_id id;
    std::uint64_t store_frame = 0;
    std::uint64_t console_frame = 0;
    Evtchn_port store_port{};
    Evtchn_port console_port{};
};

/// /xvm/domain/N: what says that the domain is xvm's.
[[nodiscard]] Nodes private_nodes(const Guest_config& guest, const Domain_id& id);
/// /local/domain/N, /vm/UUID and /libxl/N, as stock guests and stock tools expect them.
[[nodiscard]] Nodes guest_nodes(const Guest_config& guest, const Guest_facts& facts);
/// Of these, what a domain can have before it is known whose it is. A node of the same path may have another
/// value in guest_nodes().
[[nodiscard]] Nodes shell_nodes(const Guest_config& guest, const Guest_facts& facts);
/// A block device: its private, backend and frontend directories.
[[nodiscard]] Nodes disk_nodes(const Disk_config& disk, Domid guest);
/// The block device in dom0 that a disk of the kernel's backend is made of.
struct Physical_device {
    std::string hex;  ///< "7:0": major and minor
    std::string loop; ///< the loop device's path, if it was made of a file for this
};
/// A disk of the kernel's backend, likewise.
[[nodiscard]] Nodes kernel_disk_nodes(const Disk_config& disk, const Physical_device& device, Domid guest);
/// A network interface, likewise.
[[nodiscard]] Nodes net_nodes(const Net_config& net, Domid guest);

/// Everything below these goes when the domain goes. The store is left without a trace of it.
[[nodiscard]] std::vector<std::string> guest_trees(const Domain_id& id);
/// Where all devices of a guest lie on the backends' side.
[[nodiscard]] std::vector<std::string> backend_trees(Domid guest);
[[nodiscard]] std::vector<std::string> device_trees(const Device_ref& device, Domid guest);

} // namespace xvm::plan
