// SPDX-License-Identifier: Apache-2.0
// Plans for physical devices: given to a guest, taken from it, moved between two that run.
#pragma once

#include "toolstack/plan/direct.hpp"
#include "toolstack/plan/plan_life.hpp"

namespace xvm::plan {

/// "device assign": to `order.to`, from nobody or from dom0.
[[nodiscard]] Plan plan_direct_assign(const Direct_order& order);
/// "device release": from `order.from`, to nobody or to dom0. Without a guest: from nobody to dom0.
[[nodiscard]] Plan plan_direct_release(const Direct_order& order);
/// "device move": H-11's order. Until the pages go, everything can be taken back, and is; from then on the
/// device ends with the target, or is held.
[[nodiscard]] Plan plan_direct_move(const Direct_order& order);

} // namespace xvm::plan
