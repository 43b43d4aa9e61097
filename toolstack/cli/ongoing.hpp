// SPDX-License-Identifier: Apache-2.0
// A change that xvmd is at: what a terminal sees of it, and how it is called off.
#pragma once

#include "toolstack/api/http_client.hpp"
#include "toolstack/cli/arguments.hpp"

namespace xvm::cli {

/// Asks for a change and waits for its end, however long that takes.
///
/// Interrupted (SIGINT, SIGTERM), it has xvmd cancel the operation, waits until that is undone, and gives
/// xvmd's own account of it: a failure with exit code 1, or the answer if it was too late. Interrupted again,
/// or if xvmd knows of no operation, it hangs up, upon which xvmd cancels by itself.
[[nodiscard]] tl::expected<boost::json::value, api::Failure> ask_for_change(const Arguments& arguments,
                                                                            const api::Call& call);

} // namespace xvm::cli
