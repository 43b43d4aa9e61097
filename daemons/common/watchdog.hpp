// SPDX-License-Identifier: Apache-2.0
// Tells the service manager that the daemon's loop turns (WatchdogSec=), while there is something to do.
//
// Invariant: armed from a request on until a quiet interval has passed, and then taken off: a daemon at rest
// never wakes up, and one at rest hangs nowhere but in its wait. Without a watchdog nothing happens at all.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>

namespace xvm::daemon {

class Watchdog {
  public:
    /// Reads WATCHDOG_USEC. The manager's clock starts when it is told that the daemon is ready: so armed.
    explicit Watchdog(boost::asio::io_context& context);

    /// Something to do has come. The context's thread.
    void active();
    /// Takes it off for good: the end may take longer than the interval.
    void stop();

  private:
    void wait();

    boost::asio::steady_timer timer_;
    std::uint64_t interval_us_ = 0; ///< 0: there is none
    bool armed_ = false;
    bool active_ = false; ///< since the last tick
};

} // namespace xvm::daemon
