// SPDX-License-Identifier: Apache-2.0
// The plan that starts a guest.
#pragma once

#include "toolstack/plan/config.hpp"
#include "toolstack/plan/plan.hpp"

namespace xvm::plan {

/// A new domain of that uuid; `paused`: it stays before its first instruction.
[[nodiscard]] Plan plan_create(const Guest_config& guest, const Uuid& uuid, bool paused);

} // namespace xvm::plan
