// SPDX-License-Identifier: Apache-2.0
// What a created domain needs before memory is put into it, be it built or restored.
#pragma once

#include "libvmshare/port/domains.hpp"
#include "libvmshare/port/xen/libxc.hpp"
#include "libvmshare/port/xen/memory_map.hpp"

namespace xvm::port::xen {

/// Says early and in plain words that the guest does not fit `free_bytes` of the host, and gives a PVH
/// guest the memory of its page tables.
[[nodiscard]] Status reserve(const Libxc& libxc, Domid domid, const Domain_shape& shape,
                             std::uint64_t free_bytes);
/// Ports to dom0 for store and console. The frames stay 0.
[[nodiscard]] Result<Built_domain> open_ports(const Libxc& libxc, Domid domid);

[[nodiscard]] std::vector<e820entry> to_e820(const Memory_map& map);
/// What a PVH guest is told when it asks Xen.
[[nodiscard]] Status set_memory_map(const Libxc& libxc, Domid domid, const Domain_shape& shape);

} // namespace xvm::port::xen
