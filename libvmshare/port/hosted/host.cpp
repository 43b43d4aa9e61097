// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/hosted/host.hpp"

#include "libvmshare/port/hosted/local_desk.hpp"

#include <boost/json/object.hpp>
#include <fmt/format.h>

namespace xvm::port::hosted {

std::shared_ptr<Host> Host::make(const Limits& limits) {
    return std::shared_ptr<Host>(new Host(limits));
}

Host::Host(const Limits& limits) : ports_(limits), grants_(limits), store_(limits) {
    domains_[dom0] = {};
}

Status Host::insert(Domid domid, bool introduced) {
    const std::lock_guard lock(mutex_);
    const auto [at, fresh] = domains_.try_emplace(domid);
    if (!fresh)
        return fail(Fault::busy, fmt::format("domain {}", number(domid)),
                    at->second.dying ? "is still dying" : "exists already");
    if (introduced) store_.introduce(domid);
    return {};
}

Status Host::add_domain(Domid domid) {
    return insert(domid, true);
}

Status Host::add_unintroduced_domain(Domid domid) {
    return insert(domid, false);
}

void Host::destroy_domain(Domid domid) {
    const std::lock_guard lock(mutex_);
    const auto domain = domains_.find(domid);
    if (domain == domains_.end() || domid == dom0) return;
    domain->second.dying = true;
    for (auto& [process, record] : processes_)
        if (record.domid == domid && record.alive) {
            record.alive = false;
            end_process(process);
        }
    store_.domain_ended(domid);
    bury_dead();
}

Status Host::check_domain(Domid domid) const {
    const auto domain = domains_.find(domid);
    if (domain == domains_.end() || domain->second.dying)
        return fail(Fault::not_found, fmt::format("domain {}", number(domid)), "no such domain");
    return {};
}

Status Host::check_alive(Process_id process) const {
    const auto record = processes_.find(process);
    if (record == processes_.end() || !record->second.alive)
        return fail(Fault::unreachable, "this domain", "was destroyed");
    return {};
}

void Host::end_process(Process_id process) {
    ports_.process_ended(process);
    grants_.process_ended(process);
    store_.disconnect(process);
}

void Host::bury_dead() {
    std::erase_if(domains_,
                  [&](const auto& domain) { return domain.second.dying && !grants_.in_use(domain.first); });
}

Result<std::unique_ptr<Desk>> Host::open(Domid domid) {
    const std::lock_guard lock(mutex_);
    XVM_TRY(check_domain(domid));
    const Process_id process{++last_process_};
    XVM_TRY_LET(Unique_fd store_wake, store_.connect(process, domid));
    processes_[process] = {domid, true};
    return std::make_unique<Local_desk>(shared_from_this(), process, domid, std::move(store_wake));
}

boost::json::value Host::dump() const {
    const std::lock_guard lock(mutex_);
    boost::json::array domains;
    for (const auto& [domid, domain] : domains_)
        domains.push_back(boost::json::object{
            {"domid", number(domid)}, {"dying", domain.dying}, {"introduced", store_.present(domid)}});
    boost::json::array processes;
    for (const auto& [process, record] : processes_)
        processes.push_back(boost::json::object{{"domid", number(record.domid)}, {"alive", record.alive}});
    return boost::json::object{
        {"domains", std::move(domains)},   {"processes", std::move(processes)},   {"ports", ports_.dump()},
        {"grants", grants_.dump_grants()}, {"mappings", grants_.dump_mappings()}, {"store", store_.dump()}};
}

} // namespace xvm::port::hosted
