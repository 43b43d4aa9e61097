// SPDX-License-Identifier: Apache-2.0
// Tells followers (GET /v1/memory/reports) that a guest has said something new of its memory.
//
// Invariant: one line at most for each time that somebody looked at the memory: who follows and looks hears
// of every report after the look, and a guest that reports without end makes no flood. Nothing wakes up
// while no guest reports.
#pragma once

#include "daemons/xvmd/event_log.hpp"
#include "libvmshare/port/store.hpp"

#include <atomic>
#include <map>

namespace xvm::xvmd {

class Report_watch {
  public:
    static constexpr std::string_view token = "report";

    /// A store that only one thread uses, the one that calls follow() and heard().
    explicit Report_watch(port::Store& store) : store_(store) {}

    /// These are the guests there are; others are forgotten.
    void follow(const std::map<Domid, Uuid>& guests);
    /// One of the watches has fired.
    void heard(const port::Watch_event& event);

    /// Any thread, before reports are read.
    void expect() noexcept { is_expected_ = true; }
    /// Any thread.
    [[nodiscard]] Event_log& lines() noexcept { return lines_; }

  private:
    struct Followed {
        Uuid uuid;
        bool has_fired = false; ///< a watch fires once when it is made
    };
    port::Store& store_;
    std::map<Domid, Followed> guests_;
    std::atomic<bool> is_expected_{true};
    Event_log lines_{{8, 4096, 8}};
};

} // namespace xvm::xvmd
