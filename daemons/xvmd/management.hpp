// SPDX-License-Identifier: Apache-2.0
// The management service as xvmd has it: started when it is needed, asked, and stopped when it is not.
// Carries out what the control machine says (toolstack/control), with a process or a domain.
//
// Invariant: every question is answered exactly once, whatever becomes of the service, and after close() at
// once. Nothing of a service is left when the machine is told that it has ended. Any thread may call; the
// mutex is never held while a caller waits.
#pragma once

#include "daemons/xvmd/event_log.hpp"
#include "daemons/xvmd/service_instance.hpp"
#include "toolstack/control/machine.hpp"
#include "toolstack/decide/question.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <future>
#include <list>
#include <map>
#include <mutex>

namespace xvm::xvmd {

class Management {
  public:
    /// Starts a service. On the context's thread.
    using Make = std::function<Result<std::unique_ptr<Service_instance>>()>;
    struct Setup {
        std::string mode; ///< "process", "domain"
        Make make;
        control::Limits limits = {};
        /// It ran, and is OFF again. On the context's thread.
        std::function<void()> off = {};
        /// Whether the next start has been made in advance; none: that is not done. Any thread.
        std::function<bool()> standby = {};
    };

    /// `events` outlives it. Nothing is started before wake() or a question.
    Management(boost::asio::io_context& context, Event_log& events, Setup setup);
    Management(const Management&) = delete;
    Management& operator=(const Management&) = delete;
    ~Management() { close(); }

    /// Waits for the decision; starts the service if it is off. Not on the context's thread.
    [[nodiscard]] decide::Decision ask(const decide::Question& question);

    void wake();
    /// busy: it has work, or is on its way up or down.
    [[nodiscard]] Status stop();
    /// "xvm.service/1"
    [[nodiscard]] boost::json::object show() const;

    struct Counts {
        control::State state = control::State::off;
        std::uint64_t starts = 0;
        std::uint64_t answered = 0;
        std::uint64_t refused = 0;
    };
    [[nodiscard]] Counts counts() const;

    /// For good: whoever waits is told, the service ends. The context need not run any more.
    void close();

  private:
    struct Pending {
        std::promise<decide::Decision> promise;
        channel::Message request;
        std::optional<decide::Decision> decision;
    };
    /// Where the time of the last request went, in microseconds.
    struct Last {
        std::uint64_t whole_us = 0;
        std::uint64_t work_us = 0;
        std::optional<std::uint64_t> there_us; ///< nothing: the service's clock is another
        std::optional<std::uint64_t> back_us;
    };

    // All below: mutex_ is held.
    void carry_out(control::Actions actions);
    void carry_out(const control::Action& action);
    void start();
    void begin();
    void fail_start(const Error& error);
    [[nodiscard]] bool is_current(std::uint64_t life) const { return instance_ && life == life_ && !forced_; }
    void flush();
    [[nodiscard]] channel::End::Turn exchange();
    void work(std::uint64_t life, channel::End::Turn turn);
    void await(std::uint64_t life, boost::asio::posix::stream_descriptor& descriptor);
    void take(const channel::Message& message);
    void take_ready(const channel::Message& message);
    void take_answer(const channel::Message& message);
    void nonsense(const std::string& what);
    void has_ended(const Service_instance::Ending& ending);
    void release();
    void finish(control::Request_id id, decide::Decision decision);
    void tell(const char* kind, std::string detail);

    boost::asio::io_context& context_;
    Event_log& events_;
    const Setup setup_;
    mutable std::mutex mutex_; ///< guards all below
    control::Machine machine_;
    std::deque<control::Action> to_do_;
    bool doing_ = false;
    bool closed_ = false;
    std::unique_ptr<Service_instance> instance_;
    std::list<boost::asio::posix::stream_descriptor> watched_; ///< the instance's own
    boost::asio::steady_timer timer_;
    std::uint64_t life_ = 0; ///< which service; what comes late of an earlier one is dropped
    bool forced_ = false;
    std::deque<channel::Message> unsent_;
    std::map<control::Request_id, Pending> pending_;
    control::Request_id next_id_ = 1;

    std::chrono::steady_clock::time_point started_at_;
    std::uint64_t start_us_ = 0;
    std::uint64_t answered_ = 0;
    std::uint64_t refused_ = 0;
    std::optional<Last> last_;
    std::string last_failure_;
    std::string damaged_;
    boost::json::value confined_; ///< as the service says
};

} // namespace xvm::xvmd
