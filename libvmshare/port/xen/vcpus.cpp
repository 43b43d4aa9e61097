// SPDX-License-Identifier: Apache-2.0
// Virtual processors, and where they run.
#include "libvmshare/port/boot_check.hpp"
#include "libvmshare/port/xen/xen_domains.hpp"

#include <algorithm>
#include <cstdlib>
#include <fmt/core.h>
#include <fmt/ranges.h>

namespace xvm::port::xen {

namespace {

struct Map_end {
    void operator()(std::uint8_t* map) const noexcept { std::free(map); }
};
using Cpu_map = std::unique_ptr<std::uint8_t, Map_end>;

Cpu_list to_list(const Cpu_map& map, unsigned cpu_max) {
    Cpu_list cpus;
    for (unsigned cpu = 0; cpu <= cpu_max; ++cpu)
        if (xc_cpumap_testcpu(static_cast<int>(cpu), map.get()) != 0) cpus.push_back(cpu);
    return cpus;
}

} // namespace

Status Xen_domains::pin(Domid domid, unsigned vcpu, unsigned cpu) {
    return set_affinity(domid, vcpu, Affinity::hard, {cpu});
}

Status Xen_domains::set_affinity(Domid domid, unsigned vcpu, Affinity affinity, const Cpu_list& cpus) {
    XVM_TRY_LET(const xc_domaininfo_t info, alive(domid));
    if (vcpu >= to_info(info).vcpus_max) return tl::unexpected(no_such_vcpu(domid, vcpu));
    XVM_TRY_LET(const xc_physinfo_t host, physical());
    const Cpu_map map(xc_cpumap_alloc(xc()));
    if (!map) return refused(domid, "cannot be pinned");
    for (const unsigned cpu : cpus) {
        if (cpu > host.max_cpu_id) return tl::unexpected(no_such_cpu(domid, cpu, host.nr_cpus));
        xc_cpumap_setcpu(static_cast<int>(cpu), map.get());
    }
    for (unsigned cpu = 0; cpus.empty() && cpu <= host.max_cpu_id; ++cpu)
        xc_cpumap_setcpu(static_cast<int>(cpu), map.get());
    const bool hard = affinity == Affinity::hard;
    if (xc_vcpu_setaffinity(xc(), raw(domid), static_cast<int>(vcpu), hard ? map.get() : nullptr,
                            hard ? nullptr : map.get(),
                            hard ? XEN_VCPUAFFINITY_HARD : XEN_VCPUAFFINITY_SOFT) != 0)
        return refused(domid, fmt::format("cannot be pinned to processor {}", fmt::join(cpus, ",")));
    return {};
}

Result<std::vector<Vcpu_info>> Xen_domains::vcpus(Domid domid) {
    XVM_TRY_LET(const xc_domaininfo_t domain, alive(domid));
    XVM_TRY_LET(const xc_physinfo_t host, physical());
    const Cpu_map hard(xc_cpumap_alloc(xc()));
    const Cpu_map soft(xc_cpumap_alloc(xc()));
    if (!hard || !soft) return refused(domid, "cannot be asked for its processors");
    std::vector<Vcpu_info> all;
    for (unsigned vcpu = 0; vcpu < to_info(domain).vcpus_max; ++vcpu) {
        xc_vcpuinfo_t raw_info{};
        if (xc_vcpu_getinfo(xc(), raw(domid), vcpu, &raw_info) != 0) {
            if (errno == ESRCH) continue; // a hole in the numbers
            return refused(domid, "cannot be asked for its processors");
        }
        if (xc_vcpu_getaffinity(xc(), raw(domid), static_cast<int>(vcpu), hard.get(), soft.get(),
                                XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT) != 0)
            return refused(domid, "cannot be asked where it runs");
        all.push_back({vcpu, raw_info.online != 0, raw_info.running != 0, raw_info.blocked != 0, raw_info.cpu,
                       raw_info.cpu_time, to_list(hard, host.max_cpu_id), to_list(soft, host.max_cpu_id)});
    }
    return all;
}

} // namespace xvm::port::xen
