// SPDX-License-Identifier: Apache-2.0
#include "toolstack/plan/plan_wishes.hpp"

#include "toolstack/plan/config_json.hpp"
#include "toolstack/plan/size.hpp"

#include <algorithm>
#include <boost/json/value_from.hpp>
#include <numeric>

namespace xvm::plan {
namespace json = boost::json;
namespace {

Plan about(const Guest_ref& guest, std::string verb) {
    return {std::move(verb), guest.name, guest.id.uuid, never, {}};
}

} // namespace

std::uint64_t memory_most_bytes(const Guest_config& config) {
    const bool grows = config.type == Guest_type::pv || config.memory_engine == Memory_engine::block;
    return grows ? config.memory_max_bytes : config.memory_bytes;
}

Status check_memory(const Guest_config& config, std::uint64_t to_bytes) {
    const std::string object = "domain '" + config.name + "'";
    if (config.memory_engine == Memory_engine::block)
        return fail(Fault::usage, object, "has memory in blocks, which its balloon driver does not manage",
                    "move whole blocks of 128MiB: xvm memory move");
    if (to_bytes < memory_floor_bytes)
        return fail(Fault::usage, object, "cannot live with " + size_text(to_bytes),
                    "give it at least " + size_text(memory_floor_bytes));
    if (const std::uint64_t most = memory_most_bytes(config); to_bytes > most)
        return fail(Fault::usage, object,
                    "may have at most " + size_text(most) + ", not " + size_text(to_bytes),
                    config.type == Guest_type::pv
                        ? "raise memory_max in its configuration, and start it anew"
                        : "raise memory in its configuration, and start it anew: a PVH guest does not grow");
    return {};
}

Plan plan_memory(const Guest_ref& guest, const Memory_order& order) {
    Plan plan = about(guest, "memory set");
    plan.add("set-memory", "set-memory", "set-memory-back",
             {{"to_bytes", order.to_bytes},
              {"from_bytes", order.from_bytes},
              {"from_max_bytes", order.from_max_bytes}});
    if (order.wait)
        plan.add("await-memory", "await-memory", {},
                 {{"to_bytes", order.to_bytes}, {"limit_ms", order.wait->count()}});
    return plan;
}

Plan plan_vcpus(const Guest_ref& guest, unsigned vcpus, unsigned count,
                const std::vector<unsigned>& offline_before) {
    std::vector<unsigned> offline(vcpus - count);
    std::iota(offline.begin(), offline.end(), count);
    Plan plan = about(guest, "vcpu set");
    plan.add("ask-vcpus", "ask-vcpus", "ask-vcpus-back",
             {{"vcpus", vcpus},
              {"offline", json::value_from(offline)},
              {"offline_before", json::value_from(offline_before)}});
    return plan;
}

Plan plan_pin(const Guest_ref& guest, const std::vector<Pin>& pins) {
    Plan plan = about(guest, "vcpu pin");
    for (const Pin& pin : pins) {
        const std::string name = "pin-" + std::to_string(pin.vcpu);
        plan.add("set-affinity", name, "un" + name,
                 {{"vcpu", pin.vcpu},
                  {"soft", pin.soft},
                  {"cpus", json::value_from(pin.cpus)},
                  {"cpus_before", json::value_from(pin.before)}});
    }
    return plan;
}

Guest_changes with_pins(Guest_changes changes, const std::vector<Pin>& pins) {
    for (const Pin& pin : pins) {
        std::erase_if(changes.affinities,
                      [&](const Vcpu_affinity& had) { return had.vcpu == pin.vcpu && had.soft == pin.soft; });
        changes.affinities.push_back({pin.vcpu, pin.soft, pin.cpus});
    }
    return changes;
}

void add_keeping(Plan& plan, const Guest_changes& before, const Guest_changes& after) {
    plan.add("keep-changes", "keep-changes", "unkeep-changes",
             {{"after", to_object(after)}, {"before", to_object(before)}});
}

} // namespace xvm::plan
