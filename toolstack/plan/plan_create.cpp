// SPDX-License-Identifier: Apache-2.0
#include "toolstack/plan/plan_create.hpp"

#include "toolstack/plan/blocks.hpp"
#include "toolstack/plan/config_json.hpp"
#include "toolstack/plan/plan_device.hpp"

#include <numeric>

namespace xvm::plan {
namespace json = boost::json;
namespace {

/// What it was asked for while it ran before.
void add_changes(Plan& plan, const Guest_config& guest) {
    const Guest_changes& changes = guest.changes;
    if (changes.memory_bytes != 0)
        plan.add("set-memory", "ask-for-memory", {}, {{"to_bytes", changes.memory_bytes}});
    if (changes.vcpus == 0 || changes.vcpus >= guest.vcpus) return;
    std::vector<unsigned> offline(guest.vcpus - changes.vcpus);
    std::iota(offline.begin(), offline.end(), changes.vcpus);
    plan.add("ask-vcpus", "ask-vcpus", {}, {{"vcpus", guest.vcpus}, {"offline", json::value_from(offline)}});
}

} // namespace

Plan plan_create(const Guest_config& guest, const Uuid& uuid, bool paused) {
    Plan plan{"create", guest.name, uuid, never, {}};
    const json::object whole = to_object(guest);
    const auto some_of = [&](std::initializer_list<std::string_view> keys) {
        json::object some;
        for (const std::string_view key : keys)
            some[key] = whole.at(key);
        return some;
    };
    // Whatever can be refused without touching the hypervisor is refused first.
    plan.add("check-name", "check-name", {}, some_of({"name"}));
    plan.add("check-host", "check-host", {}, some_of({"type", "memory_bytes", "pins"}));
    add_device_checks(plan, guest);
    plan.add("load-images", "load-images", {}, some_of({"kernel", "ramdisk", "command_line"}));
    const Blocks blocks = blocks_of(guest);
    json::object shape = some_of({"type", "vcpus", "memory_bytes", "memory_max_bytes"});
    shape["memory_bytes"] = blocks.boot_bytes; // the rest comes by blocks
    if (guest.direct) shape["direct"] = true;
    plan.add("create-domain", "create-domain", "destroy-domain", std::move(shape));
    if (!guest.pins.empty()) plan.add("pin", "pin", {}, some_of({"pins"}));
    for (const Vcpu_affinity& affinity : guest.changes.affinities) {
        json::object args = to_object(affinity);
        args["cpus_before"] = json::array{};
        plan.add("set-affinity", "pin-" + std::to_string(affinity.vcpu) + (affinity.soft ? "-softly" : ""),
                 {}, std::move(args));
    }
    // From here on a restarted xvmd knows the domain for its own.
    plan.add("write-private", "write-private", "remove-private", some_of({"name"}));
    plan.add("keep-guest", "keep-guest", "forget-guest", {{"guest", whole}});
    plan.add("build", "build", {}, some_of({"command_line"}));
    if (blocks.filled != 0)
        plan.add("fill-blocks", "fill-blocks", {},
                 {{"base", blocks.base}, {"bytes", blocks.filled * block_bytes}});
    plan.add("write-guest", "write-guest", "remove-guest", {{"guest", whole}});
    plan.add("introduce", "introduce", "end-and-release");
    add_changes(plan, guest);
    add_devices(plan, guest);
    if (!paused) plan.add("unpause", "unpause");
    return plan;
}

} // namespace xvm::plan
