// SPDX-License-Identifier: Apache-2.0
// Takes a guest's nodes out of the store. What belongs to another domain of the same number stays.
#pragma once

#include "toolstack/run/work.hpp"

namespace xvm::run {

/// The guest's home, /vm and /libxl, and what its backends had for it.
[[nodiscard]] Status remove_guest_traces(Work& work);
/// What an earlier domain of that number left, whose end nobody cleaned up after.
[[nodiscard]] Status remove_stale_traces(port::Store& store, const Domain_id& id);
/// xvm's own nodes for it, if they are this guest's.
[[nodiscard]] Status remove_own_traces(Work& work);

} // namespace xvm::run
