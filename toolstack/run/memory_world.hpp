// SPDX-License-Identifier: Apache-2.0
// The memory of this host at this instant, as the balance policy sees it.
#pragma once

#include "toolstack/balance/world.hpp"
#include "toolstack/run/ports.hpp"

namespace xvm::run {

/// From Xen, the book of guests, their wishes and reports in the store, and what is promised.
[[nodiscard]] Result<balance::World> memory_world(Ports& ports);

/// What is free, promised to nobody and not the host's own.
[[nodiscard]] Result<std::uint64_t> available_bytes(Ports& ports);

} // namespace xvm::run
