// SPDX-License-Identifier: Apache-2.0
#include "daemons/common/watchdog.hpp"

#include <chrono>
#include <string>
#if XVM_HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

namespace xvm::daemon {
namespace {

std::uint64_t asked_interval_us() {
    std::uint64_t interval_us = 0;
#if XVM_HAVE_SYSTEMD
    if (::sd_watchdog_enabled(0, &interval_us) <= 0) interval_us = 0;
#endif
    return interval_us;
}

void tell([[maybe_unused]] const std::string& state) {
#if XVM_HAVE_SYSTEMD
    ::sd_notify(0, state.c_str());
#endif
}

} // namespace

Watchdog::Watchdog(boost::asio::io_context& context) : timer_(context), interval_us_(asked_interval_us()) {
    if (interval_us_ == 0) return;
    armed_ = true;
    wait();
}

void Watchdog::active() {
    active_ = true;
    if (interval_us_ == 0 || armed_) return;
    armed_ = true;
    tell("WATCHDOG_USEC=" + std::to_string(interval_us_) + "\nWATCHDOG=1");
    wait();
}

void Watchdog::stop() {
    if (armed_) tell("WATCHDOG_USEC=0");
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
        tell(armed_ ? "WATCHDOG=1" : "WATCHDOG_USEC=0");
        if (armed_) wait();
    });
}

} // namespace xvm::daemon
