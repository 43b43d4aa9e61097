// SPDX-License-Identifier: Apache-2.0
#include "toolstack/plan/plan.hpp"

namespace xvm::plan {

Plan plan_create(Guest_config guest, bool paused) {
    Plan plan{std::move(guest), paused, {}};
    const auto add = [&](Step_kind kind, std::string name, std::string undo = {}, std::size_t disk = 0) {
        plan.steps.push_back({kind, disk, std::move(name), std::move(undo)});
    };
    // Whatever can be refused without touching the hypervisor is refused first.
    add(Step_kind::check_name, "check-name");
    add(Step_kind::check_host, "check-host");
    if (!plan.guest.disks.empty()) add(Step_kind::check_disks, "check-disks");
    add(Step_kind::load_images, "load-images");
    add(Step_kind::create_domain, "create-domain", "destroy-domain");
    if (!plan.guest.pins.empty()) add(Step_kind::pin, "pin");
    add(Step_kind::write_private, "write-private", "remove-private");
    add(Step_kind::build, "build");
    add(Step_kind::write_guest, "write-guest", "remove-guest");
    add(Step_kind::introduce, "introduce", "end-and-release");
    for (std::size_t i = 0; i < plan.guest.disks.size(); ++i)
        add(Step_kind::add_disk, "add-disk-" + plan.guest.disks[i].dev,
            "remove-disk-" + plan.guest.disks[i].dev, i);
    // Backends open their images side by side.
    for (std::size_t i = 0; i < plan.guest.disks.size(); ++i)
        add(Step_kind::await_disk, "await-disk-" + plan.guest.disks[i].dev, {}, i);
    if (!plan.paused) add(Step_kind::unpause, "unpause");
    return plan;
}

} // namespace xvm::plan
