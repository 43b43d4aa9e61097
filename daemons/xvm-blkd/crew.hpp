// SPDX-License-Identifier: Apache-2.0
// The threads that carry out the disks' I/O. When all of them have been at one batch each for a while (a disk
// that hangs, a network file system without its server), another one joins: disks that are stuck cost the
// others a moment, not their turn.
//
// Invariant: never more than threads_max; no timer runs unless every thread is at work.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <thread>
#include <vector>

namespace xvm::blkd {

class Crew {
  public:
    static constexpr unsigned threads_max = 64;
    static constexpr std::chrono::milliseconds patience{200}; ///< without any batch done

    /// `main` is watched from; it outlives the crew.
    Crew(boost::asio::io_context& main, unsigned threads);
    ~Crew();
    Crew(const Crew&) = delete;
    Crew& operator=(const Crew&) = delete;

    [[nodiscard]] boost::asio::thread_pool::executor_type executor() { return pool_.get_executor(); }
    /// Any thread of the crew: true before a batch, false after it.
    void at_work(bool begins);
    /// Waits until everything is done.
    void join();
    [[nodiscard]] unsigned threads() const noexcept { return threads_; }

  private:
    void watch();
    void judge(std::uint64_t done_before);

    boost::asio::io_context& main_;
    boost::asio::thread_pool pool_;
    boost::asio::steady_timer timer_;
    std::atomic<unsigned> threads_;
    std::atomic<unsigned> busy_{0};
    std::atomic<std::uint64_t> done_{0}; ///< batches
    std::atomic<bool> watching_{false};
    std::vector<std::thread> helpers_; ///< main thread only
};

} // namespace xvm::blkd
