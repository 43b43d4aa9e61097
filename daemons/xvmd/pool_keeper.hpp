// SPDX-License-Identifier: Apache-2.0
// Keeps the pool of shells full while xvmd has nothing better to do: some time after a shell was taken, one
// at a time, on a worker. How many, and of which kind, it keeps in a file: the next xvmd goes on with it.
//
// Invariant: while the pool is full, or off, nothing here wakes up.
#pragma once

#include "daemons/xvmd/workers.hpp"
#include "toolstack/run/shell_pool.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

namespace xvm::xvmd {

class Pool_keeper {
  public:
    /// All three outlive this; this outlives the workers' jobs. `file`: of the policy.
    Pool_keeper(boost::asio::io_context& context, Workers& workers, run::Shell_pool& pool, std::string file);
    Pool_keeper(const Pool_keeper&) = delete;
    Pool_keeper& operator=(const Pool_keeper&) = delete;

    [[nodiscard]] run::Shell_pool& pool() noexcept { return pool_; }
    /// The policy from now on, and for the next xvmd; what is kept is kept first. Any thread.
    [[nodiscard]] Status set_policy(run::Ports& ports, const run::Pool_policy& policy);
    /// Told whenever the pool's when_taken() is; on any thread. To be called before there are workers' jobs.
    void when_taken(std::function<void()> taken);
    /// Goes on with the policy that was kept; that one cannot be read is logged, and the pool is off.
    void resume();

  private:
    void refill_soon(); ///< any thread
    void refill_after(std::chrono::milliseconds delay);

    boost::asio::io_context& context_;
    Workers& workers_;
    run::Shell_pool& pool_;
    const std::string file_;
    boost::asio::steady_timer timer_;
};

} // namespace xvm::xvmd
