// SPDX-License-Identifier: Apache-2.0
// Requests with the orders that answer them, as toolstack/plan makes them.
#pragma once

#include "toolstack/plan/plan_create.hpp"
#include "toolstack/plan/plan_life.hpp"
#include "toolstack/policy/policy.hpp"

namespace xvm::tests {

struct Case {
    policy::Subject subject;
    plan::Plan order;
};

inline plan::Guest_config small_guest() {
    plan::Guest_config guest;
    guest.name = "web";
    guest.memory_bytes = guest.memory_max_bytes = 64ULL << 20;
    guest.memory_min_bytes = 32ULL << 20;
    guest.kernel.path = "/srv/vmlinux";
    return guest;
}

inline plan::Guest_config large_guest() {
    plan::Guest_config guest = small_guest();
    guest.type = plan::Guest_type::pv;
    guest.vcpus = 2;
    guest.pins = {0, 1};
    guest.kernel = {"/srv/boot.pack", "vmlinux"};
    guest.ramdisk = {"/srv/boot.pack", "initrd.img"};
    guest.command_line = "root=/dev/xvda console=hvc0";
    guest.disks = {
        {"xvda", 51712, plan::Disk_kind::raw, "/srv/web.img", true, plan::Disk_backend::xvm},
        {"xvdb", 51728, plan::Disk_kind::pack, "/srv/boot.pack", false, plan::Disk_backend::xvm},
        {"xvdc", 51744, plan::Disk_kind::raw, "/srv/data.img", false, plan::Disk_backend::blkback}};
    guest.nets = {{0, "00:16:3e:01:02:03", "br0"}, {1, "00:16:3e:01:02:04", "br1"}};
    guest.on_crash = plan::On_stop::destroy;
    return guest;
}

/// Every kind of order there is.
inline std::vector<Case> all_orders() {
    const Uuid uuid = *Uuid::parse("6a1f0fd2-7b0e-4f7e-9a39-0123456789ab");
    const plan::Guest_ref web{"web", {static_cast<Domid>(7), uuid}};
    const auto stop = [&](const char* verb, plan::Stop_request how, plan::On_stop then) {
        return Case{{verb, "web", uuid, false, {}, then}, plan_stop(web, how, std::chrono::minutes(2), then)};
    };
    return {{{"create", "", uuid}, plan_create(small_guest(), uuid, false)},
            {{"create", "web", uuid}, plan_create(large_guest(), uuid, false)},
            {{"start", "web", uuid, true}, plan_create(large_guest(), uuid, true)},
            {{"pause", "web", uuid}, plan_pause(web)},
            {{"unpause", "web", uuid}, plan_unpause(web)},
            {{"rename", "web", uuid, false, "shop"}, plan_rename(web, "shop")},
            {{"destroy", "web", uuid}, plan_destroy(web)},
            stop("shutdown", plan::Stop_request::poweroff, plan::On_stop::destroy),
            stop("shutdown", plan::Stop_request::poweroff, plan::On_stop::restart),
            stop("shutdown", plan::Stop_request::poweroff, plan::On_stop::preserve),
            stop("reboot", plan::Stop_request::reboot, plan::On_stop::restart)};
}

} // namespace xvm::tests
