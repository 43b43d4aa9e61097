// SPDX-License-Identifier: Apache-2.0
// Plays the guests of a make-believe machine: each running one does what Linux does when its nodes ask for
// it. It suspends, powers off, reboots, balloons, takes processors on and off line, and, with "devices=takes"
// in its command line, takes physical devices. The backends of its devices are played, too.
//
// Invariant: nothing is played for a guest that is paused, or has stopped.
#pragma once

#include "daemons/xvmd/hosted_ports.hpp"
#include "daemons/xvmd/hosted_taker.hpp"

#include <atomic>
#include <chrono>
#include <thread>

namespace xvm::xvmd {

class Hosted_guests {
  public:
    [[nodiscard]] static Result<std::unique_ptr<Hosted_guests>>
    start(std::shared_ptr<Hosted_machine> machine);
    Hosted_guests(const Hosted_guests&) = delete;
    Hosted_guests& operator=(const Hosted_guests&) = delete;
    ~Hosted_guests();

  private:
    Hosted_guests(std::shared_ptr<Hosted_machine> machine, std::unique_ptr<Port_set> ports)
        : machine_(std::move(machine)), ports_(std::move(ports)) {}
    void run();
    void play(const port::Domain_info& guest);
    void obey_shutdown(const port::Domain_info& guest, const std::string& home);
    void obey_balloon(const port::Domain_info& guest, const std::string& home);
    void take_devices(const port::Domain_info& guest);
    void obey_processors(const port::Domain_info& guest, const std::string& home);

    std::shared_ptr<Hosted_machine> machine_;
    std::unique_ptr<Port_set> ports_;
    std::chrono::steady_clock::time_point last_slow_turn_; ///< touched by the thread alone, as the next
    bool slow_turn_ = false;
    std::map<Domid, std::unique_ptr<Hosted_taker>> takers_;
    std::atomic<bool> over_ = false;
    std::thread thread_;
};

} // namespace xvm::xvmd
