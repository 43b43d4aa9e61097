// SPDX-License-Identifier: Apache-2.0
// The parts of xvmd that the handlers of verbs work with. All of them outlive the server.
#pragma once

#include "daemons/xvmd/audit.hpp"
#include "daemons/xvmd/block_service.hpp"
#include "daemons/xvmd/event_log.hpp"
#include "daemons/xvmd/management.hpp"
#include "daemons/xvmd/metrics.hpp"
#include "daemons/xvmd/operations.hpp"
#include "daemons/xvmd/workers.hpp"

#include <string>

namespace xvm::xvmd {

/// Steps at which things go wrong on purpose; empty: none.
struct Test_aids {
    std::string fail_at; ///< the step fails after its work
    std::string kill_at; ///< xvmd kills itself after the step's work
};

struct Service {
    Workers& workers;
    const Block_service& block;
    Operations& operations;
    Event_log& events;
    Metrics& metrics;
    Audit* audit = nullptr; ///< null: nothing is written down
    Test_aids aids;
    std::string state_dir;            ///< stored configurations
    Management* management = nullptr; ///< null: xvmd decides for itself
};

} // namespace xvm::xvmd
