// SPDX-License-Identifier: Apache-2.0
// Physical devices: given to guests, moved between them, released.
#include "daemons/xvmd/verbs.hpp"
#include "toolstack/plan/plan_direct.hpp"
#include "toolstack/run/handover.hpp"

namespace xvm::xvmd {
namespace json = boost::json;
namespace {

/// For each answer of a guest.
constexpr std::chrono::milliseconds answer_limit{2000};
const std::string nobody = "free";

/// Its address, as it is written in full; what is none stays as it is, and is refused by the plan.
std::string device_of(const Call& call) {
    const auto address = port::Pci_address::parse(call.text("device"));
    return address ? address->text() : call.text("device");
}

plan::Direct_end end_of(const run::Domain_entry* entry) {
    if (entry == nullptr) return {};
    return {entry->name, entry->info.id.uuid.text(), number(entry->info.id.domid),
            entry->info.type == port::Guest_type::pv};
}

Planned plan_of(run::Ports& ports, const Call& call, const run::Domain_entry* from,
                const run::Domain_entry* to, plan::Plan (*make)(const plan::Direct_order&)) {
    const auto refused = [](Error error) { return tl::unexpected<api::Failure>(std::move(error)); };
    if (ports.direct == nullptr) return refused({Fault::exhausted, "host", "gives no devices to guests", {}});
    plan::Direct_order order;
    order.device = device_of(call);
    order.from = end_of(from);
    order.to = end_of(to);
    if (from != nullptr && to != nullptr && order.from.uuid == order.to.uuid)
        return refused({Fault::usage, "device move", "'" + from->name + "' has it, and is to get it",
                        "name two guests"});
    for (const run::Domain_entry* end : {from, to})
        if (end != nullptr && end->life != run::Life::running && !(end == from && call.flag("force")))
            return refused({Fault::busy, "domain '" + end->name + "'",
                            "is " + std::string(run::name_of(end->life)) + ": it could not answer",
                            "let it run"});
    // Of a PVH guest's frames Xen lets none go: they are copied.
    order.engine = order.from.pv ? plan::Direct_engine::transfer : plan::Direct_engine::move;
    order.limit_ms = call.duration("timeout").value_or(answer_limit).count();
    order.force = call.flag("force");
    order.to_host = call.flag("host");
    if (from == nullptr && to == nullptr && !order.to_host)
        return refused({Fault::not_found, "device " + order.device, "no guest has it",
                        "to give it back to dom0: --host"});
    return make(order);
}

/// "xvm.device_move/1"
Answer answer_of(run::Ports& ports, const Call& call, const plan::Plan& plan) {
    const auto record = run::direct_record(ports, device_of(call));
    if (!record) return tl::unexpected<api::Failure>(record.error());
    json::object answer{
        {"schema", "xvm.device_move/1"}, {"device", record->device}, {"state", name_of(record->phase)}};
    const json::object& order = plan.steps.front().args.at("order").as_object();
    if (const auto& name = order.at("from").at("name").as_string(); !name.empty()) answer["from"] = name;
    if (record->holder.there()) {
        answer["to"] = record->holder.name;
        answer["pages"] = record->pages;
        answer["drain_us"] = record->drain_us;
        answer["outage_us"] = record->outage_us;
    }
    if (record->lost) answer["lost"] = "its state and buffers";
    return json::value(std::move(answer));
}

/// Who has the device by now; "free": nobody.
std::string holder_of(run::Ports& ports, const Call& call) {
    if (ports.devices == nullptr) return nobody;
    const auto record = run::direct_record(ports, device_of(call));
    return record && record->holder.there() ? record->holder.uuid : nobody;
}

Verbs::Exchange exchange(plan::Plan (*make)(const plan::Direct_order&),
                         std::function<std::pair<std::string, std::string>(run::Ports&, const Call&)> ends) {
    return {[make](run::Ports& ports, const Call& call, const run::Domain_entry* from,
                   const run::Domain_entry* to) { return plan_of(ports, call, from, to, make); },
            answer_of, std::move(ends)};
}

} // namespace

void add_direct_verbs(Verbs& verbs) {
    verbs.exchange("device.move", exchange(plan::plan_direct_move, {}));
    verbs.exchange("device.assign", exchange(plan::plan_direct_assign, [](run::Ports&, const Call& call) {
                       return std::pair(nobody, call.text("to"));
                   }));
    verbs.exchange("device.release",
                   exchange(plan::plan_direct_release, [](run::Ports& ports, const Call& call) {
                       return std::pair(holder_of(ports, call), nobody);
                   }));
}

} // namespace xvm::xvmd
