// SPDX-License-Identifier: Apache-2.0
// The memory of the host and of domains, as the API tells it.
//
// Invariant: what xvm-memd decides by, what 'create --reclaim' takes by and what people are shown is the same
// world (toolstack/run/memory_world.hpp).
#pragma once

#include "daemons/xvmd/call.hpp"
#include "toolstack/run/inventory.hpp"

#include <boost/json/value.hpp>

namespace xvm::xvmd {

/// "xvm.memory/1", of all domains or of the one that "id" names.
[[nodiscard]] Result<boost::json::value> show_memory(run::Ports& ports, const Call& call);

/// "xvm.domain_memory/1"
[[nodiscard]] Result<boost::json::value> domain_memory_json(run::Ports& ports,
                                                            const run::Domain_entry& entry);

/// "xvm.memory_explanation/1" of "size".
[[nodiscard]] Result<boost::json::value> explain_memory(run::Ports& ports, const Call& call);

} // namespace xvm::xvmd
