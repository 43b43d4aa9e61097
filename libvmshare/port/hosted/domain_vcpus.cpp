// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/boot_check.hpp"
#include "libvmshare/port/hosted/domains.hpp"

#include <algorithm>
#include <numeric>

namespace xvm::port::hosted {

Status Domain_ledger::pin(Domid domid, unsigned vcpu, unsigned cpu) {
    return set_affinity(domid, vcpu, Affinity::hard, {cpu});
}

Status Domain_ledger::set_affinity(Domid domid, unsigned vcpu, Affinity affinity, const Cpu_list& cpus) {
    XVM_TRY_LET(Record* const record, alive(domid));
    if (vcpu >= record->vcpus.size()) return tl::unexpected(no_such_vcpu(domid, vcpu));
    for (const unsigned cpu : cpus)
        if (cpu >= host_.cpus) return tl::unexpected(no_such_cpu(domid, cpu, host_.cpus));
    Vcpu_info& one = record->vcpus[vcpu];
    (affinity == Affinity::hard ? one.hard : one.soft) = cpus;
    return {};
}

Result<std::vector<Vcpu_info>> Domain_ledger::vcpus(Domid domid) {
    XVM_TRY_LET(const Record* const record, alive(domid));
    std::vector<Vcpu_info> all = record->vcpus;
    for (Vcpu_info& one : all)
        for (Cpu_list* const cpus : {&one.hard, &one.soft}) {
            if (cpus->empty()) {
                cpus->resize(host_.cpus);
                std::iota(cpus->begin(), cpus->end(), 0U);
            }
            std::sort(cpus->begin(), cpus->end());
            cpus->erase(std::unique(cpus->begin(), cpus->end()), cpus->end());
        }
    return all;
}

} // namespace xvm::port::hosted
