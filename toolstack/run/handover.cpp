// SPDX-License-Identifier: Apache-2.0
#include "toolstack/run/handover.hpp"

#include "toolstack/run/args.hpp"

namespace xvm::run {

using plan::Direct_end;
using plan::Direct_phase;

namespace {

Result<bool> is_there(Ports& ports, const Direct_end& end) {
    const auto uuid = Uuid::parse(end.uuid);
    if (!uuid) return false;
    XVM_TRY_LET(const auto info, port::living(ports.domains, {domid_of(end), *uuid}));
    return info.has_value();
}

} // namespace

Result<plan::Direct_record> direct_record(Ports& ports, const std::string& device) {
    plan::Direct_record record = ports.devices->look(device);
    if (record.phase != Direct_phase::assigned) return record;
    XVM_TRY_LET(const bool there, is_there(ports, record.holder));
    if (there) return record;
    // Xen quarantined it when its owner died.
    record.phase = Direct_phase::held;
    record.reason = "domain '" + record.holder.name + "' ended while it had it";
    record.holder = {};
    record.pirq = 0;
    // It is of no use to anybody that it goes on.
    if (const auto address = port::Pci_address::parse(device); address && ports.direct != nullptr)
        XVM_TRY(ports.direct->switch_off(*address));
    XVM_TRY(ports.devices->keep(record));
    return record;
}

Result<Handover> Handover::of(Work& work, const boost::json::object& args) {
    Ports& ports = work.ports();
    if (ports.direct == nullptr || ports.devices == nullptr || ports.grants == nullptr ||
        ports.events == nullptr)
        return fail(Fault::exhausted, "host", "gives no devices to guests", {});
    Handover one(work);
    XVM_TRY_LET(one.order_, argument<plan::Direct_order>(args, "order"));
    one.record_ = ports.devices->look(one.order_.device);
    auto& facts = one.facts();
    if (!facts.device) {
        const auto address = port::Pci_address::parse(one.order_.device);
        if (!address)
            return fail(Fault::usage, "device '" + one.order_.device + "'", "is no address of a device",
                        "write it as 0000:00:10.0");
        XVM_TRY_LET(facts.device, ports.direct->look(*address));
    }
    one.record_.device = facts.device->address.text();
    one.record_.kind = facts.device->kind();
    return one;
}

Result<bool> Handover::lives(const Direct_end& end) const {
    return is_there(work_->ports(), end);
}

Result<device::Link*> Handover::link(const Direct_end& end) const {
    XVM_TRY_LET(const bool there, lives(end)); // who has ended is not waited for
    if (!there)
        return fail(Fault::not_found, "domain '" + end.name + "'", "ended",
                    "'xvm device list' says where the device is");
    auto& links = facts().links;
    const auto known = links.find(end.uuid);
    if (known != links.end()) return known->second.get();
    Ports& ports = work_->ports();
    XVM_TRY_LET(auto opened, device::Link::open({ports.store, *ports.grants, *ports.events},
                                                {domid_of(end), *Uuid::parse(end.uuid)}, end.name));
    return links.emplace(end.uuid, std::make_shared<device::Link>(std::move(opened))).first->second.get();
}

Result<device::Answer> Handover::order_of(const Direct_end& end, std::uint32_t kind,
                                          std::array<std::uint64_t, 6> arg) const {
    XVM_TRY_LET(device::Link* const to, link(end));
    const bool early = kind == XVM_DEV_LOOK || kind == XVM_DEV_PREPARE;
    return to->order({kind, address().number(), arg}, early ? limit() : patience());
}

Result<std::uint32_t> Handover::state_at(const Direct_end& end) const {
    XVM_TRY_LET(device::Link* const to, link(end));
    XVM_TRY_LET(const auto answer, to->ask({XVM_DEV_LOOK, address().number(), {record_.kind}}, patience()));
    return answer.state;
}

Status Handover::advance(Direct_phase phase) {
    if (!plan::may_follow(record_.phase, phase, fresh()))
        return fail(Fault::failed, "device " + record_.device,
                    "is " + std::string(name_of(record_.phase)) + ": it cannot be " +
                        std::string(name_of(phase)) + " next",
                    "see 'xvm device list'");
    record_.phase = phase;
    return keep();
}

Status Handover::give(const Direct_end& end) {
    const Domid domid = domid_of(end);
    XVM_TRY_LET(const bool there, lives(end));
    if (!there)
        return fail(Fault::not_found, "domain '" + end.name + "'", "ended before it had the device",
                    "'xvm device list' says where the device is");
    // One that comes from a guest is open already.
    if (!order_.from.there()) XVM_TRY(port().enable(address()));
    Status assigned = port().assign(domid, address());
    if (!assigned && assigned.error().fault == Fault::busy) {
        // It may be this one's already, of a step that was cut off.
        XVM_TRY_LET(const bool ours, port().deassign(domid, address()));
        if (ours) assigned = port().assign(domid, address());
    }
    XVM_TRY(std::move(assigned));
    XVM_TRY(port().open_registers(domid, type_of(end), device()));
    // The same of one that was cut off: a device has one interrupt.
    if (record_.pirq != 0) XVM_TRY(port().unmap_interrupt(domid, record_.pirq));
    XVM_TRY_LET(record_.pirq, port().map_interrupt(domid, address()));
    return {};
}

Status Handover::take_away(const Direct_end& end) {
    const Domid domid = domid_of(end);
    XVM_TRY(port().switch_off(address()));
    XVM_TRY_LET(const bool there, lives(end));
    if (there && record_.pirq != 0) XVM_TRY(port().unmap_interrupt(domid, record_.pirq));
    record_.pirq = 0;
    if (!there) return {}; // Xen has done it
    XVM_TRY(port().deassign(domid, address()));
    return port().close_registers(domid, type_of(end), device());
}

Status Handover::let_take(const Direct_end& end, bool fresh) {
    XVM_TRY(order_of(end, XVM_DEV_TAKE,
                     {device().kind(), device().registers, device().register_bytes, record_.pirq,
                      fresh ? 1U : 0U, record_.pages}));
    return {};
}

Status Handover::let_run(const Direct_end& end) {
    // Bound by now: nothing that the device sends is lost.
    XVM_TRY(port().deliver_interrupt(domid_of(end), type_of(end), record_.pirq));
    XVM_TRY(port().switch_on(address()));
    XVM_TRY(order_of(end, XVM_DEV_RUN));
    return {};
}

Status Handover::let_drop(const Direct_end& end) {
    XVM_TRY_LET(const bool there, lives(end));
    if (!there) return {};
    XVM_TRY_LET(const std::uint32_t state, state_at(end));
    if (state == XVM_DEV_STOPPED || state == XVM_DEV_TAKEN) XVM_TRY(order_of(end, XVM_DEV_DROP));
    return {};
}

Status hold(Handover& one) {
    // Whoever took it meanwhile, by hand.
    XVM_TRY(one.port().quarantine(one.address()));
    return one.advance(Direct_phase::held);
}

} // namespace xvm::run
