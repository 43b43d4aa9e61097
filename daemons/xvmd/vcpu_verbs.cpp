// SPDX-License-Identifier: Apache-2.0
// Virtual processors: which a guest uses, and where they run.
#include "daemons/xvmd/verbs.hpp"
#include "libvmshare/base/number.hpp"
#include "toolstack/plan/cpu_list.hpp"
#include "toolstack/plan/plan_wishes.hpp"
#include "toolstack/run/wishes.hpp"

#include <boost/json/array.hpp>

namespace xvm::xvmd {
namespace json = boost::json;
namespace {

std::string_view state_of(const port::Vcpu_info& vcpu) {
    if (!vcpu.online) return "offline";
    if (vcpu.running) return "running";
    return vcpu.blocked ? "blocked" : "runnable";
}

Result<json::value> vcpus_json(run::Ports& ports, const run::Domain_entry& entry) {
    XVM_TRY_LET(const auto host, ports.domains.host());
    XVM_TRY_LET(const auto vcpus, ports.domains.vcpus(entry.info.id.domid));
    json::array rows;
    for (const port::Vcpu_info& vcpu : vcpus) {
        json::object row{{"vcpu", vcpu.vcpu}, {"state", state_of(vcpu)}};
        if (vcpu.online) row["cpu"] = vcpu.cpu;
        row["cpu_time_ns"] = vcpu.cpu_time_ns;
        row["affinity"] = plan::cpu_list_text(vcpu.hard, host.cpus);
        row["soft_affinity"] = plan::cpu_list_text(vcpu.soft, host.cpus);
        rows.push_back(std::move(row));
    }
    return json::value{{"schema", "xvm.vcpus/1"},
                       {"domid", number(entry.info.id.domid)},
                       {"name", entry.name},
                       {"vcpus", std::move(rows)}};
}

Answer answer_of(Result<json::value> result) {
    if (result) return std::move(*result);
    return tl::unexpected<api::Failure>(std::move(result.error()));
}

Answer list(run::Ports& ports, const Call& call) {
    const auto entry = run::find_domain(ports, call.text("id"));
    if (!entry) return tl::unexpected<api::Failure>(entry.error());
    return answer_of(vcpus_json(ports, *entry));
}

Answer list_after(run::Ports& ports, const Call&, const run::Domain_entry& entry) {
    return answer_of(vcpus_json(ports, entry));
}

Result<plan::Plan> plan_set(run::Ports& ports, const Call& call, const run::Domain_entry& entry) {
    const unsigned vcpus = entry.info.vcpus_max;
    const std::int64_t count = call.integer("count");
    if (count < 1 || count > vcpus)
        return fail(Fault::usage, "domain '" + entry.name + "'",
                    "cannot use " + std::to_string(count) + " processors",
                    "it was started with " + std::to_string(vcpus) + ": give it 1 to " +
                        std::to_string(vcpus));
    XVM_TRY_LET(const auto offline, run::offline_vcpus(ports.store, entry.info.id.domid, vcpus));
    plan::Plan plan =
        plan::plan_vcpus({entry.name, entry.info.id}, vcpus, static_cast<unsigned>(count), offline);
    if (const auto record = ports.book.by_uuid(entry.info.id.uuid)) {
        plan::Guest_changes after = record->guest.changes;
        after.vcpus = count == vcpus ? 0 : static_cast<unsigned>(count);
        plan::add_keeping(plan, record->guest.changes, after);
    }
    return plan;
}

Result<plan::Plan> plan_pin(run::Ports& ports, const Call& call, const run::Domain_entry& entry) {
    const std::string which = call.text("vcpu");
    const auto one = parse_number<unsigned>(which);
    if (!one && which != "all")
        return fail(Fault::usage, "virtual processor '" + which + "'", "is no number",
                    "give one, counted from 0, or all");
    const std::string text = call.text("cpus");
    const auto cpus = plan::parse_cpu_list(text);
    if (!cpus)
        return fail(Fault::usage, "processors '" + text + "'", "cannot be understood",
                    "write them as 0-3,6, or all");
    const bool soft = call.flag("soft");
    XVM_TRY_LET(const auto vcpus, ports.domains.vcpus(entry.info.id.domid));
    std::vector<plan::Pin> pins;
    for (const port::Vcpu_info& vcpu : vcpus)
        if (!one || *one == vcpu.vcpu) pins.push_back({vcpu.vcpu, soft, *cpus, soft ? vcpu.soft : vcpu.hard});
    if (pins.empty())
        return fail(Fault::usage, "domain '" + entry.name + "'", "has no virtual processor " + which,
                    "see xvm vcpu list " + entry.name);
    plan::Plan plan = plan::plan_pin({entry.name, entry.info.id}, pins);
    if (const auto record = ports.book.by_uuid(entry.info.id.uuid)) {
        const plan::Guest_changes& before = record->guest.changes;
        plan::add_keeping(plan, before, plan::with_pins(before, pins));
    }
    return plan;
}

/// A plan's maker whose refusal is one Error.
template <Result<plan::Plan> (*make)(run::Ports&, const Call&, const run::Domain_entry&)>
Planned planned(run::Ports& ports, const Call& call, const run::Domain_entry& entry) {
    auto plan = make(ports, call, entry);
    if (plan) return std::move(*plan);
    return tl::unexpected<api::Failure>(std::move(plan.error()));
}

} // namespace

void add_vcpu_verbs(Verbs& verbs) {
    verbs.read("vcpu.list", list);
    verbs.change("vcpu.set", {planned<plan_set>, list_after});
    verbs.change("vcpu.pin", {planned<plan_pin>, list_after});
}

} // namespace xvm::xvmd
