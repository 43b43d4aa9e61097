// SPDX-License-Identifier: Apache-2.0
// What will be done to start a guest: named steps in order, each with the name of what takes it back.
// A plan is a value: it can be printed, compared, and later written to a journal.
//
// Invariant: a step only needs what the steps before it made, and its undo needs nothing that an undo
// before it (of a later step) took away.
#pragma once

#include "toolstack/plan/config.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace xvm::plan {

enum class Step_kind : std::uint8_t {
    check_name,    ///< nobody has it
    check_host,    ///< type, processors, memory are there
    check_disks,   ///< files can be served, and somebody serves
    load_images,   ///< kernel and RAM disk into dom0's memory
    create_domain, ///< an empty, paused domain
    pin,
    write_private, ///< xvm's own nodes: from here on a restarted xvmd knows the domain for its own
    build,         ///< memory and kernel into the domain
    write_guest,   ///< the guest's nodes
    introduce,     ///< the store serves the guest
    add_disk,      ///< a device's nodes
    await_disk,    ///< the backend offers it
    unpause,
};

struct Step {
    Step_kind kind{};
    std::size_t disk = 0; ///< add_disk, await_disk: which one of the configuration
    std::string name;     ///< "add-disk-xvda": unique in its plan
    std::string undo;     ///< "remove-disk-xvda"; empty: there is nothing to take back
    bool operator==(const Step&) const = default;
};

struct Plan {
    Guest_config guest;
    bool paused = false; ///< stays so
    std::vector<Step> steps;
};

[[nodiscard]] Plan plan_create(Guest_config guest, bool paused);

} // namespace xvm::plan
