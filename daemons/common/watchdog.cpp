// SPDX-License-Identifier: Apache-2.0
#include "daemons/common/watchdog.hpp"

#include "daemons/common/service_manager.hpp"

#include <chrono>
#include <string>

namespace xvm::daemon {

Watchdog::Watchdog(boost::asio::io_context& context) : timer_(context), interval_us_(watchdog_interval_us()) {
    if (interval_us_ == 0) return;
    armed_ = true;
    wait();
}

void Watchdog::active() {
    active_ = true;
    if (interval_us_ == 0 || armed_) return;
    armed_ = true;
    notify_service_manager("WATCHDOG_USEC=" + std::to_string(interval_us_) + "\nWATCHDOG=1");
    wait();
}

void Watchdog::stop() {
    if (armed_) notify_service_manager("WATCHDOG_USEC=0");
    armed_ = false;
    interval_us_ = 0;
    timer_.cancel();
}

void Watchdog::wait() {
    timer_.expires_after(std::chrono::microseconds(interval_us_ / 2));
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (error) return;
        armed_ = active_;
        active_ = false;
        notify_service_manager(armed_ ? "WATCHDOG=1" : "WATCHDOG_USEC=0");
        if (armed_) wait();
    });
}

} // namespace xvm::daemon
