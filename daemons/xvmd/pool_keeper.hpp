// SPDX-License-Identifier: Apache-2.0
// Keeps the pool of shells full while xvmd has nothing better to do: some time after a shell was taken, one
// at a time, on a worker.
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
    /// All three outlive this; this outlives the workers' jobs.
    Pool_keeper(boost::asio::io_context& context, Workers& workers, run::Shell_pool& pool);
    Pool_keeper(const Pool_keeper&) = delete;
    Pool_keeper& operator=(const Pool_keeper&) = delete;

    [[nodiscard]] run::Shell_pool& pool() noexcept { return pool_; }
    /// Any thread.
    void refill_soon();

  private:
    void refill_after(std::chrono::milliseconds delay);

    boost::asio::io_context& context_;
    Workers& workers_;
    run::Shell_pool& pool_;
    boost::asio::steady_timer timer_;
};

} // namespace xvm::xvmd
