// SPDX-License-Identifier: Apache-2.0
// Watches domains come, stop and go: tells it as events, does with a guest that stopped what its
// configuration says, and answers those who wait for a state. No process and no thread a guest.
//
// Invariant: a guest that stopped on its own is ended, restarted or kept exactly once, in turn with other
// changes of it. Nothing wakes up while nothing happens and nobody waits.
#pragma once

#include "daemons/xvmd/report_watch.hpp"
#include "daemons/xvmd/restart_guard.hpp"
#include "daemons/xvmd/verbs.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <list>

namespace xvm::xvmd {

class Lifecycle {
  public:
    /// `store`: of its own; watched on the context's thread.
    Lifecycle(boost::asio::io_context& context, std::unique_ptr<Port_set> ports, Verbs& verbs,
              Service& service);
    Lifecycle(const Lifecycle&) = delete;
    Lifecycle& operator=(const Lifecycle&) = delete;
    ~Lifecycle();

    /// Starts to watch, and does first what an earlier xvmd did not get to.
    [[nodiscard]] Status start();

    /// Starts a guest that was ended to be restarted, if it was. On a worker, in the guest's turn. Its (new)
    /// id, or `uuid` with the old number if there is nothing to start.
    [[nodiscard]] Result<Domain_id> start_again(run::Ports& ports, const Uuid& uuid);

    /// Answers when the domain is in the state, or the time is up. On the context's thread.
    void wait(const Call& call, const daemon::Reply& reply);

    /// Looks soon whether something changed. Any thread.
    void look();

    [[nodiscard]] Report_watch& reports() noexcept { return reports_; }

    static constexpr std::size_t waiters_max = 64;

  private:
    struct Waiter {
        std::string id;
        std::string state;
        std::optional<std::chrono::steady_clock::time_point> deadline;
        std::chrono::milliseconds limit{};
        daemon::Reply reply;
    };
    /// What was last seen of a domain.
    struct Seen {
        Domid domid{};
        std::string name;
        run::Life life = run::Life::running;
    };

    void await_store();
    void look_after(std::chrono::milliseconds delay);
    void examine(run::Ports& ports); ///< on a worker, one at a time
    void follow_reports(const std::vector<run::Domain_entry>& entries);
    void tell_changes(const std::vector<run::Domain_entry>& entries);
    void tend(const run::Domain_entry& entry);
    void end_stopped(run::Ports& ports, const Uuid& uuid);
    /// Whether a guest that stopped is started again; if not, it is kept, and told.
    bool may_restart(const run::Guest_record& record, const run::Domain_entry& entry);
    /// Lenders get back what went to guests that have ended.
    void pay_back(const std::vector<run::Domain_entry>& entries, const run::Guest_book& book);
    void answer_waiters(const std::vector<run::Domain_entry>& entries);

    boost::asio::io_context& context_;
    std::unique_ptr<Port_set> ports_;
    Report_watch reports_; ///< by the store of ports_
    Verbs& verbs_;
    Service& service_;
    boost::asio::posix::stream_descriptor descriptor_;
    boost::asio::steady_timer timer_;
    std::map<Uuid, Seen> seen_; ///< touched by examine() only, as the next
    bool looked_ = false;       ///< what is there at first did not just come
    Restart_guard guard_;
    std::mutex mutex_; ///< guards waiters_
    std::list<Waiter> waiters_;
};

} // namespace xvm::xvmd
