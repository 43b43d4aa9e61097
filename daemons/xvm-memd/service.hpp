// SPDX-License-Identifier: Apache-2.0
// Looks at the host's memory, decides (toolstack/balance/decide.hpp), and has xvmd do it: the same request as
// a user's 'xvm memory move'.
//
// Invariant: nothing is kept but what the policy remembers: killed at any moment, it leaves nothing but moves
// that xvmd ends or takes back by itself. While nobody lacks memory and no guest reports, it sleeps.
#pragma once

#include "daemons/common/watchdog.hpp"
#include "daemons/xvm-memd/mover.hpp"
#include "daemons/xvm-memd/pace.hpp"

#include <boost/asio/steady_timer.hpp>

namespace xvm::memd {

class Service {
  public:
    using Look = std::function<tl::expected<boost::json::value, api::Failure>()>;
    struct Ways {
        Look look;
        Mover::Asked move;
        std::function<balance::Millis()> now;
    };
    struct Manner {
        bool once = false, dry_run = false;
    };

    /// `ended`: with --once, when all is done.
    Service(boost::asio::io_context& context, Ways ways, Manner manner, std::function<void()> ended);

    /// Looks now; later by itself. Something has changed.
    void look();
    /// A guest has reported: looks soon.
    void look_soon();
    void stop();
    /// Of the last look; 0: it went well.
    [[nodiscard]] int code() const noexcept { return code_; }

  private:
    void decide(const balance::World& world);
    void moved(const balance::Move& move, const Outcome& outcome);
    void look_after(std::optional<balance::Millis> wait);

    boost::asio::steady_timer timer_;
    daemon::Watchdog watchdog_;
    Ways ways_;
    Manner manner_;
    std::function<void()> ended_;
    balance::Past past_;
    balance::World before_;
    balance::Millis looked_at_{}, next_at_{}; ///< by ways_.now()
    bool is_planned_ = false;                 ///< a look at next_at_
    bool is_reachable_ = true;
    bool stopped_ = false;
    int code_ = 0;
    Mover mover_; ///< last: its threads end first
};

} // namespace xvm::memd
