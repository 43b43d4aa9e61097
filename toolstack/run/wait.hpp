// SPDX-License-Identifier: Apache-2.0
// Waits until something in the store, or something the store tells of, has come true.
#pragma once

#include "libvmshare/port/store.hpp"

#include <chrono>
#include <functional>

namespace xvm::run {

/// Asks `reached` at once, after every event at or below `path`, and now and then besides (not everything
/// awaited fires a watch). True when it answered true, false when `limit` has passed. An Error of
/// `go_on` ends the wait.
[[nodiscard]] Result<bool> wait_until(port::Store& store, const std::string& path,
                                      std::chrono::milliseconds limit,
                                      const std::function<Result<bool>()>& reached,
                                      const std::function<Status()>& go_on = {});

} // namespace xvm::run
