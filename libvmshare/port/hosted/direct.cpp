// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/hosted/direct.hpp"

namespace xvm::port::hosted {
namespace {

std::string text(const Pci_address& address) {
    return "device " + address.text();
}

} // namespace

Result<Direct_ledger::Entry*> Direct_ledger::find(const Pci_address& address) {
    const auto found = devices_.find(address);
    if (found != devices_.end()) return &found->second;
    return fail(Fault::not_found, text(address), "there is no such device",
                "'xvm device list' shows those there are");
}

Status Direct_ledger::there(Domid domid) const {
    if (!buried_.contains(domid)) return {};
    return fail(Fault::not_found, "domain " + std::to_string(number(domid)), "there is no such domain", {});
}

Status Direct_ledger::available() {
    const std::lock_guard lock(mutex_);
    if (available_) return {};
    return fail(Fault::exhausted, "host", "Xen uses no IOMMU: no device can be given to a guest",
                "switch VT-d or AMD-Vi on in the firmware, and boot Xen with iommu=on");
}

Result<std::vector<Pci_device>> Direct_ledger::list() {
    const std::lock_guard lock(mutex_);
    std::vector<Pci_device> all;
    for (const auto& [address, entry] : devices_)
        all.push_back(entry.device);
    return all;
}

Result<Pci_device> Direct_ledger::look(const Pci_address& address) {
    const std::lock_guard lock(mutex_);
    XVM_TRY_LET(const Entry* const entry, find(address));
    return entry->device;
}

Status Direct_ledger::may_have(Domid domid, const Pci_address& address) {
    const std::lock_guard lock(mutex_);
    XVM_TRY(find(address));
    XVM_TRY(there(domid));
    if (!denied_.contains(domid)) return {};
    return fail(Fault::exhausted, "domain " + std::to_string(number(domid)),
                "was made without access to devices", {});
}

Status Direct_ledger::assign(Domid domid, const Pci_address& address) {
    XVM_TRY(may_have(domid, address));
    const std::lock_guard lock(mutex_);
    XVM_TRY_LET(Entry* const entry, find(address));
    if (entry->owner && *entry->owner != dom0)
        return fail(Fault::busy, text(address), "another guest has it", {});
    entry->owner = domid;
    return {};
}

Result<bool> Direct_ledger::deassign(Domid domid, const Pci_address& address) {
    const std::lock_guard lock(mutex_);
    XVM_TRY_LET(Entry* const entry, find(address));
    if (entry->owner != domid || domid == dom0) return false;
    entry->owner.reset();
    return true;
}

Status Direct_ledger::quarantine(const Pci_address& address) {
    const std::lock_guard lock(mutex_);
    XVM_TRY_LET(Entry* const entry, find(address));
    if (entry->owner && *entry->owner != dom0) return fail(Fault::busy, text(address), "a guest has it", {});
    entry->owner.reset();
    return {};
}

Status Direct_ledger::to_host(const Pci_address& address) {
    const std::lock_guard lock(mutex_);
    XVM_TRY_LET(Entry* const entry, find(address));
    if (!entry->owner) entry->owner = dom0;
    return {};
}

Status Direct_ledger::open_registers(Domid domid, Guest_type /*type*/, const Pci_device& device) {
    const std::lock_guard lock(mutex_);
    XVM_TRY_LET(Entry* const entry, find(device.address));
    XVM_TRY(there(domid));
    entry->open_to.insert(domid);
    return {};
}

Status Direct_ledger::close_registers(Domid domid, Guest_type /*type*/, const Pci_device& device) {
    const std::lock_guard lock(mutex_);
    XVM_TRY_LET(Entry* const entry, find(device.address));
    entry->open_to.erase(domid);
    return {};
}

Result<Pirq> Direct_ledger::map_interrupt(Domid domid, const Pci_address& address) {
    const std::lock_guard lock(mutex_);
    XVM_TRY_LET(const Entry* const entry, find(address));
    if (entry->owner != domid) return fail(Fault::failed, text(address), "is not that domain's", {});
    interrupts_[{domid, ++last_pirq_}] = address;
    return last_pirq_;
}

Status Direct_ledger::unmap_interrupt(Domid domid, Pirq pirq) {
    const std::lock_guard lock(mutex_);
    interrupts_.erase({domid, pirq});
    return {};
}

Status Direct_ledger::deliver_interrupt(Domid domid, Guest_type /*type*/, Pirq pirq) {
    const std::lock_guard lock(mutex_);
    if (interrupts_.contains({domid, pirq})) return {};
    return fail(Fault::failed, "interrupt " + std::to_string(pirq), "is not mapped", {});
}

Status Direct_ledger::enable(const Pci_address& address) {
    const std::lock_guard lock(mutex_);
    XVM_TRY(find(address));
    return {};
}

Status Direct_ledger::switch_on(const Pci_address& address) {
    const std::lock_guard lock(mutex_);
    XVM_TRY_LET(Entry* const entry, find(address));
    entry->on = true;
    return {};
}

Status Direct_ledger::switch_off(const Pci_address& address) {
    const std::lock_guard lock(mutex_);
    XVM_TRY_LET(Entry* const entry, find(address));
    entry->on = false;
    return {};
}

Status Direct_ledger::open_room(Domid to, Domid from, const std::vector<Gref>& refs,
                                const std::vector<std::uint64_t>& /*frames*/) {
    const std::lock_guard lock(mutex_);
    XVM_TRY(there(to));
    for (const Gref ref : refs)
        if (rooms_.contains({to, ref})) return fail(Fault::busy, "room", "is used otherwise", {});
    for (const Gref ref : refs)
        rooms_[{to, ref}] = {from, 0};
    return {};
}

Status Direct_ledger::check_room(Domid to, Domid from, const std::vector<Gref>& refs) {
    const std::lock_guard lock(mutex_);
    for (const Gref ref : refs) {
        const auto found = rooms_.find({to, ref});
        if (found == rooms_.end() || found->second.from != from || found->second.frame != 0)
            return fail(Fault::failed, "room", "was taken back", {});
    }
    return {};
}

Result<std::vector<std::uint64_t>> Direct_ledger::arrived(Domid to, const std::vector<Gref>& refs) {
    const std::lock_guard lock(mutex_);
    std::vector<std::uint64_t> frames;
    for (const Gref ref : refs) {
        const auto found = rooms_.find({to, ref});
        frames.push_back(found != rooms_.end() ? found->second.frame : 0);
    }
    return frames;
}

Status Direct_ledger::close_room(Domid to, const std::vector<Gref>& refs) {
    const std::lock_guard lock(mutex_);
    for (const Gref ref : refs)
        rooms_.erase({to, ref});
    return {};
}

Status Direct_ledger::copy_frames(Domid /*from*/, const std::vector<std::uint64_t>& source, Domid /*to*/,
                                  const std::vector<std::uint64_t>& target) {
    if (source.size() == target.size()) return {};
    return fail(Fault::failed, "frames", "are not as many", {});
}

void Direct_ledger::add(const Pci_device& device) {
    const std::lock_guard lock(mutex_);
    devices_[device.address].device = device;
}

void Direct_ledger::set_available(bool available) {
    const std::lock_guard lock(mutex_);
    available_ = available;
}

void Direct_ledger::deny(Domid domid) {
    const std::lock_guard lock(mutex_);
    denied_.insert(domid);
}

bool Direct_ledger::transfer(Domid from, Domid to, Gref ref, std::uint64_t frame) {
    const std::lock_guard lock(mutex_);
    const auto found = rooms_.find({to, ref});
    if (found != rooms_.end() && found->second.from == from && found->second.frame == 0) {
        found->second.frame = frame;
        return true;
    }
    ++lost_frames_;
    return false;
}

void Direct_ledger::end(Domid domid) {
    const std::lock_guard lock(mutex_);
    for (auto& [address, entry] : devices_) {
        if (entry.owner == domid) entry.owner.reset();
        entry.open_to.erase(domid);
    }
    std::erase_if(interrupts_, [&](const auto& one) { return one.first.first == domid; });
    std::erase_if(rooms_, [&](const auto& one) { return one.first.first == domid; });
}

void Direct_ledger::bury(Domid domid) {
    end(domid);
    const std::lock_guard lock(mutex_);
    buried_.insert(domid);
}

std::optional<Domid> Direct_ledger::owner(const Pci_address& address) const {
    const std::lock_guard lock(mutex_);
    return devices_.at(address).owner;
}

bool Direct_ledger::on(const Pci_address& address) const {
    const std::lock_guard lock(mutex_);
    return devices_.at(address).on;
}

std::set<Domid> Direct_ledger::open_to(const Pci_address& address) const {
    const std::lock_guard lock(mutex_);
    return devices_.at(address).open_to;
}

std::size_t Direct_ledger::interrupts() const {
    const std::lock_guard lock(mutex_);
    return interrupts_.size();
}

std::size_t Direct_ledger::rooms() const {
    const std::lock_guard lock(mutex_);
    return rooms_.size();
}

std::uint64_t Direct_ledger::lost_frames() const {
    const std::lock_guard lock(mutex_);
    return lost_frames_;
}

} // namespace xvm::port::hosted
