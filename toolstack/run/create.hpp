// SPDX-License-Identifier: Apache-2.0
// Starts a guest: a plan's steps, done through the ports.
#pragma once

#include "toolstack/run/engine.hpp"
#include "toolstack/run/ports.hpp"

namespace xvm::run {

/// The new domain. After an error nothing of it is left, but for what Fault::leftovers names.
[[nodiscard]] Result<Domain_id> create_domain(Ports& ports, const plan::Plan& plan, const Hooks& hooks = {});

} // namespace xvm::run
