// SPDX-License-Identifier: Apache-2.0
// What a daemon gives back when it comes to rest: free heap, and the pages of programs and libraries that it
// has mapped. These come back from the page cache, 64 KiB at a fault, when they are needed again
// (docs/decisions/0015-memory-at-rest.md).
//
// Invariant: nothing that was ever written is given back; a daemon at rest does not wake up for it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>

namespace xvm::daemon {

/// To be called before there is a second thread: its threads share one heap, which can be given back whole.
void keep_one_heap() noexcept;

/// Gives back at once. Any thread; others may run meanwhile.
void give_back_memory() noexcept;

class Rest {
  public:
    /// `quiet`: without anything to do for so long it is at rest.
    explicit Rest(boost::asio::io_context& context,
                  std::chrono::milliseconds quiet = std::chrono::seconds(10))
        : context_(context), timer_(context), quiet_(quiet) {}

    /// As the context's run(); at rest memory is given back, and then not again before there was something
    /// to do.
    void run();

  private:
    void wait();

    boost::asio::io_context& context_;
    boost::asio::steady_timer timer_;
    const std::chrono::milliseconds quiet_;
    bool is_armed_ = false;
    bool was_active_ = false; ///< since the timer was set
    bool was_own_ = false;    ///< what the context did last was the timer
};

} // namespace xvm::daemon
