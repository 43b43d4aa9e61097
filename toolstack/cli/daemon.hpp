// SPDX-License-Identifier: Apache-2.0
// The daemon as the verbs see it: a call, and JSON back.
#pragma once

#include "toolstack/api/http_client.hpp"
#include "toolstack/cli/arguments.hpp"

namespace xvm::cli {

/// A client of the arguments' --socket; if none was given and xvmd's own may not be used, of the one for who
/// may only look, unless something is to be changed.
[[nodiscard]] api::Http_client client_of(const Arguments& arguments, api::Waiting waiting = {});

/// Asks xvmd. While something is being changed, Ctrl-C asks xvmd to cancel and still waits for what became of
/// it (a second one does not wait), and a terminal on standard error shows the step it is at.
[[nodiscard]] tl::expected<boost::json::value, api::Failure> ask(const Arguments& arguments,
                                                                 const api::Call& call);

} // namespace xvm::cli
