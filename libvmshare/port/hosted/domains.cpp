// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/hosted/domains.hpp"

#include "libvmshare/base/assert.hpp"
#include "libvmshare/port/boot_check.hpp"

#include <algorithm>

namespace xvm::port::hosted {

namespace {

/// What Xen itself keeps per domain; the size does not matter, that it comes back does.
constexpr std::uint64_t domain_overhead_bytes = 256ULL << 10;

} // namespace

Domain_ledger::Domain_ledger(const Host_shape& host) : host_(host) {
    Record& zero = records_[dom0];
    zero.info.type = Guest_type::pv;
    zero.info.vcpus = zero.info.vcpus_max = 1;
    zero.vcpus.resize(1);
    zero.vcpus.front().online = true;
    zero.info.memory_bytes = zero.info.memory_max_bytes = host_.dom0_bytes;
    zero.info.running = true;
    zero.built = zero.started = true;
    XVM_ASSERT(host_.dom0_bytes <= host_.memory_bytes);
}

std::uint64_t Domain_ledger::free_bytes() const {
    std::uint64_t used = 0;
    for (const auto& [domid, record] : records_)
        used += record.info.memory_bytes + record.overhead_bytes + record.kept_bytes();
    XVM_ASSERT(used <= host_.memory_bytes);
    return host_.memory_bytes - used;
}

Result<Domain_ledger::Record*> Domain_ledger::alive(Domid domid) {
    const auto found = records_.find(domid);
    if (found == records_.end()) return tl::unexpected(no_such_domain(domid));
    if (found->second.info.dying) return fail(Fault::not_found, domain_text(domid), "is being destroyed");
    return &found->second;
}

/// Like Xen: counts up, and starts again at 1 when all numbers were used.
Domid Domain_ledger::unused_domid() {
    do {
        last_domid_ =
            last_domid_ + 1 < domid_first_reserved ? static_cast<std::uint16_t>(last_domid_ + 1) : 1;
    } while (records_.contains(Domid{last_domid_}));
    return Domid{last_domid_};
}

Result<Domid> Domain_ledger::create(const Domain_shape& shape) {
    XVM_TRY(check_shape(shape));
    if (records_.size() >= host_.domains_max)
        return fail(Fault::exhausted, "domain " + shape.uuid.text(), "there is no room for another domain",
                    "end a guest");
    const Domid domid = unused_domid();
    if (free_bytes() < domain_overhead_bytes)
        return tl::unexpected(not_enough_memory(domid, domain_overhead_bytes, free_bytes()));
    Record& record = records_[domid];
    record.info.id = {domid, shape.uuid};
    record.info.type = shape.type;
    record.info.memory_max_bytes = shape.memory_max_bytes;
    record.info.paused = true;
    record.info.vcpus_max = shape.vcpus;
    for (unsigned vcpu = 0; vcpu < shape.vcpus; ++vcpu)
        record.vcpus.emplace_back().vcpu = vcpu;
    record.overhead_bytes = domain_overhead_bytes;
    return domid;
}

Status Domain_ledger::set_uuid(Domid domid, const Uuid& uuid) {
    XVM_TRY(refuse_dom0(domid, "given another uuid"));
    XVM_TRY_LET(Record* const record, alive(domid));
    record->info.id.uuid = uuid;
    return {};
}

Result<Built_domain> Domain_ledger::build(Domid domid, const Domain_shape& shape, const Boot_image& image) {
    XVM_TRY(check_shape(shape));
    XVM_TRY(check_image(shape.type, image));
    XVM_TRY_LET(Record* const record, empty_domain(domid, shape.type));
    if (free_bytes() < shape.memory_bytes)
        return tl::unexpected(not_enough_memory(domid, shape.memory_bytes, free_bytes()));
    if (image.kernel.size() + image.ramdisk.size() > shape.memory_bytes)
        return fail(Fault::usage, domain_text(domid), "kernel and RAM disk do not fit its memory",
                    "give the guest more memory");
    record->command_line = image.command_line;
    return fill(*record, shape.memory_bytes);
}

Result<Domain_ledger::Record*> Domain_ledger::empty_domain(Domid domid, Guest_type type) {
    XVM_TRY_LET(Record* const record, alive(domid));
    if (record->built) return fail(Fault::busy, domain_text(domid), "was built before");
    if (record->info.type != type)
        return fail(Fault::usage, domain_text(domid), "was created as another type of guest");
    return record;
}

Built_domain Domain_ledger::fill(Record& record, std::uint64_t memory_bytes) {
    record.info.memory_bytes = memory_bytes;
    record.built = true;
    // Frames that tell domains apart, so that a test sees a mix-up.
    const std::uint64_t base = std::uint64_t{number(record.info.id.domid)} << 20;
    return Built_domain{base + 1, base + 2, Evtchn_port{1}, Evtchn_port{2}};
}

Status Domain_ledger::set_memory_max(Domid domid, std::uint64_t bytes) {
    XVM_TRY_LET(Record* const record, alive(domid));
    record->info.memory_max_bytes = bytes;
    return {};
}

Status Domain_ledger::pause(Domid domid) {
    XVM_TRY(refuse_dom0(domid, "paused"));
    XVM_TRY_LET(Record* const record, alive(domid));
    record->info.paused = true;
    record->info.running = record->info.blocked = false;
    return {};
}

Status Domain_ledger::unpause(Domid domid) {
    XVM_TRY(refuse_dom0(domid, "started"));
    XVM_TRY_LET(Record* const record, alive(domid));
    if (!record->built)
        return fail(Fault::failed, domain_text(domid), "has nothing to run", "build it first");
    record->info.paused = false;
    record->info.running = !record->info.shut_down;
    if (!record->started) {
        record->info.vcpus = record->info.vcpus_max;
        for (Vcpu_info& vcpu : record->vcpus)
            vcpu.online = true;
    }
    record->started = true;
    return {};
}

Status Domain_ledger::destroy(Domid domid) {
    XVM_TRY(refuse_dom0(domid, "destroyed"));
    const auto found = records_.find(domid);
    if (found == records_.end()) return {};
    found->second.info.dying = true;
    found->second.info.running = found->second.info.blocked = false;
    if (found->second.holders == 0) records_.erase(found);
    return {};
}

Result<std::vector<Domain_info>> Domain_ledger::list() {
    std::vector<Domain_info> all;
    all.reserve(records_.size());
    for (const auto& [domid, record] : records_)
        all.push_back(record.info);
    return all;
}

Result<Domain_info> Domain_ledger::info(Domid domid) {
    const auto found = records_.find(domid);
    if (found == records_.end()) return tl::unexpected(no_such_domain(domid));
    return found->second.info;
}

Result<Host_info> Domain_ledger::host() {
    return Host_info{
        host_.memory_bytes, free_bytes(), host_.cpus, "none (hosted)", {"xen-3.0-x86_64", "hvm-3.0-x86_64"}};
}

Result<std::string> Domain_ledger::hypervisor_log() {
    return std::string("(hosted) no hypervisor: what is here is a ledger\n");
}

void Domain_ledger::shut_down(Domid domid, unsigned reason) {
    Domain_info& info = records_.at(domid).info;
    info.running = info.blocked = false;
    info.shut_down = true;
    info.shutdown_reason = reason;
}

void Domain_ledger::hold(Domid domid) {
    ++records_.at(domid).holders;
}

void Domain_ledger::release(Domid domid) {
    const auto found = records_.find(domid);
    XVM_ASSERT(found != records_.end() && found->second.holders > 0);
    if (--found->second.holders == 0 && found->second.info.dying) records_.erase(found);
}

int Domain_ledger::pinned_to(Domid domid, unsigned vcpu) const {
    const Cpu_list& cpus = records_.at(domid).vcpus.at(vcpu).hard;
    return cpus.size() == 1 ? static_cast<int>(cpus.front()) : -1;
}

void Domain_ledger::balloon(Domid domid, std::uint64_t memory_bytes) {
    Domain_info& info = records_.at(domid).info;
    // As Xen: a limit below what it has takes nothing away, it only gives no more.
    const std::uint64_t most = std::max(info.memory_max_bytes, info.memory_bytes);
    info.memory_bytes = std::min({memory_bytes, most, info.memory_bytes + free_bytes()});
}

void Domain_ledger::set_online(Domid domid, unsigned vcpu, bool online) {
    Record& record = records_.at(domid);
    record.vcpus.at(vcpu).online = online;
    record.info.vcpus = static_cast<unsigned>(
        std::count_if(record.vcpus.begin(), record.vcpus.end(), [](const auto& one) { return one.online; }));
}

std::string Domain_ledger::command_line(Domid domid) const {
    return records_.at(domid).command_line;
}

Result<std::unique_ptr<Domains>> open_domains() {
    return std::make_unique<Domain_ledger>();
}

} // namespace xvm::port::hosted
