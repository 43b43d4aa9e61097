// SPDX-License-Identifier: Apache-2.0
// What the service manager hands to a daemon and hears from it (sd_notify(3), sd_listen_fds(3)).
//
// By libsystemd, which is loaded for the moment of a call: it brings six libraries more, which would keep
// some 600 KiB in every daemon for good. Where no service manager asks (its variables are not set), it is not
// loaded at all. Only who writes to the journal keeps it.
#pragma once

#include "libvmshare/base/result.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace xvm::daemon {

/// As sd_notify(3). Nobody listens: nothing happens.
void notify_service_manager(const std::string& state);

/// Names and descriptors of the sockets handed over, and none of them any more for programs that this one
/// starts. None is no error. unreachable: there are some, and libsystemd is not there.
[[nodiscard]] Result<std::vector<std::pair<std::string, int>>> handed_descriptors();

/// How often WATCHDOG=1 is expected; 0: it is not.
[[nodiscard]] std::uint64_t watchdog_interval_us();

/// An entry of these fields ("NAME=value"). Without libsystemd: nothing.
void write_to_journal(const std::vector<std::string>& fields);

} // namespace xvm::daemon
