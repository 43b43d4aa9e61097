// SPDX-License-Identifier: Apache-2.0
// What a browser finds at xvmd's port: a first page that holds nothing but "waking", and, for who shows the
// token, the management service's page.
//
// Invariant: the page that is handed on is the one this xvmd was built with, byte for byte: a service that
// was taken over gives no script that runs with the user's token.
#pragma once

#include "daemons/common/router.hpp"
#include "daemons/xvmd/decider.hpp"
#include "daemons/xvmd/workers.hpp"

namespace xvm::xvmd {

/// Adds "GET /" and "GET /page". All outlive the router's handlers.
void add_web(daemon::Router& router, Workers& workers, Decider& decider);

} // namespace xvm::xvmd
