// SPDX-License-Identifier: Apache-2.0
// Which guests end as soon as they have started: those are not started again for ever.
//
// Invariant: of a guest that lives shorter than `short_life` each time, at most `in_a_row_max` starts follow
// each other; the domain that is left is refused whenever it is asked about. Kept in memory: a new xvmd
// counts anew.
#pragma once

#include "libvmshare/base/ids.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>

namespace xvm::xvmd {

class Restart_guard {
  public:
    using Clock = std::chrono::steady_clock;
    enum class Verdict { go, stop_now, stopped_before };

    static constexpr std::chrono::seconds short_life{20};
    static constexpr unsigned in_a_row_max = 5;

    /// Whether the guest, that has stopped in domain `domid`, is started again. stop_now: not any more, and
    /// nobody knows yet.
    [[nodiscard]] Verdict judge(const Uuid& uuid, Domid domid, Clock::time_point now);
    void started(const Uuid& uuid, Clock::time_point now);
    /// Of guests that are not known any more nothing is kept.
    void forget_but(const std::function<bool(const Uuid&)>& known);

  private:
    struct Guest {
        Clock::time_point started;
        unsigned short_lives = 0;
        std::optional<Domid> stopped;
    };
    std::mutex mutex_;
    std::map<Uuid, Guest> guests_; ///< those that were started again
};

} // namespace xvm::xvmd
