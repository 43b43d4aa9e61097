// SPDX-License-Identifier: Apache-2.0
// Plans for a guest that is there: pause it, name it anew, ask it to stop, end it.
#pragma once

#include "toolstack/plan/config.hpp"
#include "toolstack/plan/plan.hpp"

#include <chrono>

namespace xvm::plan {

/// Who a plan is about.
struct Guest_ref {
    std::string name;
    Domain_id id;
};

[[nodiscard]] Plan plan_pause(const Guest_ref& guest);
[[nodiscard]] Plan plan_unpause(const Guest_ref& guest);
[[nodiscard]] Plan plan_rename(const Guest_ref& guest, const std::string& name);

/// Ends it at once, and removes every trace. Never turns back. `restart`: its place in the book is kept, and
/// it is started again afterwards, by whoever runs the plan.
[[nodiscard]] Plan plan_destroy(const Guest_ref& guest, bool restart = false);

enum class Stop_request : std::uint8_t { poweroff, reboot };
/// Asks the guest to stop and waits. What the guest does with its end (`then`) follows at once.
[[nodiscard]] Plan plan_stop(const Guest_ref& guest, Stop_request request, std::chrono::milliseconds limit,
                             On_stop then);

} // namespace xvm::plan
