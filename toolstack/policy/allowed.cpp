// SPDX-License-Identifier: Apache-2.0
#include "toolstack/policy/allowed.hpp"

#include "toolstack/plan/config_json.hpp"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>

namespace xvm::policy {
namespace json = boost::json;
namespace {

struct Undo {
    std::string_view op;
    std::string_view undo;
};
constexpr std::array undos{
    Undo{"create-domain", "destroy-domain"},
    Undo{"write-private", "remove-private"},
    Undo{"keep-guest", "forget-guest"},
    Undo{"write-guest", "remove-guest"},
    Undo{"introduce", "end-and-release"},
    Undo{"add-loop", "remove-loop"},
    Undo{"add-disk", "remove-disk"},
    Undo{"add-net", "remove-net"},
    Undo{"pause", "unpause"},
    Undo{"unpause", "pause"},
    Undo{"rename", "rename-back"},
    Undo{"ask-stop", "take-back-stop"},
};

void add(Allowed& all, std::string_view op, json::object args = {}, std::string suffix = {},
         bool waits = false) {
    const auto found =
        std::find_if(undos.begin(), undos.end(), [&](const Undo& one) { return one.op == op; });
    all.steps.push_back({op, std::move(args), waits, std::move(suffix),
                         found == undos.end() ? std::string_view{} : found->undo});
}

void add_end(Allowed& all, bool restart) {
    if (restart) add(all, "mark-restart");
    for (const std::string_view op :
         {"close-devices", "kill-domain", "await-closed", "release-store", "await-end", "remove-traces"})
        add(all, op);
    if (!restart) add(all, "forget-guest");
}

void add_guest(Allowed& all, const plan::Guest_config& guest, bool paused) {
    const json::object whole = plan::to_object(guest);
    const auto step = [&](std::string_view op, std::initializer_list<std::string_view> keys) {
        json::object args;
        for (const std::string_view key : keys)
            args[key] = whole.at(key);
        add(all, op, std::move(args));
    };
    const auto disk_step = [&](std::string_view op, const plan::Disk_config& disk) {
        add(all, op, {{"disk", plan::to_object(disk)}}, "-" + disk.dev);
    };
    const auto net_step = [&](std::string_view op, const plan::Net_config& net) {
        add(all, op, {{"net", plan::to_object(net)}}, "-" + std::to_string(net.devid));
    };
    step("check-name", {"name"});
    step("check-host", {"type", "memory_bytes", "pins"});
    if (!guest.disks.empty()) step("check-disks", {"disks"});
    if (!guest.nets.empty()) step("check-nets", {"nets"});
    step("load-images", {"kernel", "ramdisk", "command_line"});
    step("create-domain", {"type", "vcpus", "memory_bytes", "memory_max_bytes"});
    if (guest.direct) all.steps.back().args["direct"] = true;
    if (!guest.pins.empty()) step("pin", {"pins"});
    step("write-private", {"name"});
    add(all, "keep-guest", {{"guest", whole}});
    step("build", {"command_line"});
    add(all, "write-guest", {{"guest", whole}});
    add(all, "introduce");
    for (const plan::Disk_config& disk : guest.disks) {
        if (disk.backend == plan::Disk_backend::blkback) disk_step("add-loop", disk);
        disk_step("add-disk", disk);
    }
    for (const plan::Net_config& net : guest.nets)
        net_step("add-net", net);
    for (const plan::Disk_config& disk : guest.disks)
        disk_step("await-disk", disk);
    for (const plan::Net_config& net : guest.nets) {
        net_step("await-net", net);
        net_step("join-bridge", net);
    }
    // What takes it back is the end of the domain, an earlier step's undo.
    if (paused) return;
    add(all, "unpause");
    all.steps.back().undo = {};
}

void add_stop(Allowed& all, const char* how, plan::On_stop then) {
    add(all, "ask-stop", {{"how", how}});
    add(all, "await-stop", {{"how", how}}, {}, true);
    all.commit = all.steps.size();
    if (then != plan::On_stop::preserve) add_end(all, then == plan::On_stop::restart);
}

} // namespace

bool makes_guest(std::string_view verb) noexcept {
    return verb == "create" || verb == "start";
}

bool knows(std::string_view verb) noexcept {
    constexpr std::array verbs{"create", "start",   "pause",    "unpause",
                               "rename", "destroy", "shutdown", "reboot"};
    return std::find(verbs.begin(), verbs.end(), verb) != verbs.end();
}

Allowed allowed(const Subject& subject, const plan::Guest_config& guest) {
    Allowed all{makes_guest(subject.verb) ? "create" : std::string_view(subject.verb), plan::never, {}};
    if (makes_guest(subject.verb)) {
        add_guest(all, guest, subject.paused);
    } else if (subject.verb == "pause" || subject.verb == "unpause") {
        add(all, all.verb);
    } else if (subject.verb == "rename") {
        add(all, "check-name", {{"name", subject.new_name}});
        add(all, "rename", {{"from", subject.name}, {"to", subject.new_name}});
    } else if (subject.verb == "destroy") {
        all.commit = 0;
        add_end(all, false);
    } else if (subject.verb == "shutdown") {
        add_stop(all, "poweroff", subject.on_stop);
    } else if (subject.verb == "reboot") {
        add_stop(all, "reboot", plan::On_stop::restart);
    }
    return all;
}

} // namespace xvm::policy
