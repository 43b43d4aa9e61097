// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/xen/prepare.hpp"

#include "libvmshare/port/boot_check.hpp"

#include <cerrno>

namespace xvm::port::xen {

Status reserve(const Libxc& libxc, Domid domid, const Domain_shape& shape, std::uint64_t free_bytes) {
    const bool pvh = shape.type == Guest_type::pvh;
    const std::uint64_t pool = pvh ? paging_pool_bytes(shape.vcpus, shape.memory_max_bytes) : 0;
    if (const std::uint64_t need = shape.memory_bytes + pool; free_bytes < need)
        return tl::unexpected(not_enough_memory(domid, need, free_bytes));
    if (pvh && xc_set_paging_mempool_size(libxc.xc(), raw(domid), pool) != 0)
        return fail_call(libxc, errno, domid, "cannot get memory for its page tables");
    return {};
}

Result<Built_domain> open_ports(const Libxc& libxc, Domid domid) {
    Built_domain built;
    for (Evtchn_port* const port : {&built.store_port, &built.console_port}) {
        const int made = xc_evtchn_alloc_unbound(libxc.xc(), raw(domid), raw(dom0));
        if (made < 0) return fail_call(libxc, errno, domid, "cannot open a port to dom0");
        *port = Evtchn_port{static_cast<std::uint32_t>(made)};
    }
    return built;
}

std::vector<e820entry> to_e820(const Memory_map& map) {
    std::vector<e820entry> entries;
    entries.reserve(map.regions.size());
    for (const Region& region : map.regions)
        entries.push_back({region.start, region.bytes, static_cast<std::uint32_t>(region.kind)});
    return entries;
}

Status set_memory_map(const Libxc& libxc, Domid domid, const Domain_shape& shape) {
    std::vector<e820entry> entries = to_e820(pvh_memory_map(shape.memory_bytes));
    if (xc_domain_set_memory_map(libxc.xc(), raw(domid), entries.data(),
                                 static_cast<std::uint32_t>(entries.size())) != 0)
        return fail_call(libxc, errno, domid, "cannot lay out its memory");
    return {};
}

} // namespace xvm::port::xen
