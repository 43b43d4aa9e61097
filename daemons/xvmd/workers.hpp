// SPDX-License-Identifier: Apache-2.0
// Threads for work that blocks, each with ports of its own; jobs on one object run one after the other.
//
// Invariant: of the jobs with one key at most one runs, in the order they came; jobs with different keys,
// and those without, do not wait for each other while a thread is free. A job with several keys starts when
// it has them all, so no two wait for each other. The queue is bounded. Of several
// free threads the first takes the job, so that a quiet daemon keeps the ports of one of them warm.
#pragma once

#include "daemons/xvmd/port_set.hpp"
#include "toolstack/run/ports.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace xvm::xvmd {

class Workers {
  public:
    using Job = std::function<void(run::Ports&)>;

    /// What the ports of all workers have in common; it outlives them.
    struct Shared {
        std::function<Status()> block_backend;
        run::Guest_book& book;
        const run::Journal* journal = nullptr;
        run::Patience patience = {};
        run::Image_cache* images = nullptr;
        run::Shell_pool* shells = nullptr;
        run::Reservations* reservations = nullptr;
        run::Direct_book* devices = nullptr;
    };

    /// Opens the ports of all threads first: what is wrong with them is known before any job is taken.
    [[nodiscard]] static Result<std::unique_ptr<Workers>> start(std::size_t threads, const Open_ports& open,
                                                                Shared shared);
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;
    ~Workers() { stop(); }

    /// Waits for the jobs that run; those that wait are dropped, and no more are taken. Not by a job.
    void stop();

    /// `key`: the object the job changes; empty: it changes none. exhausted: too many wait; unreachable:
    /// stopped.
    [[nodiscard]] Status submit(std::string key, Job job);
    /// `keys`: the objects that it changes.
    [[nodiscard]] Status submit_for(std::vector<std::string> keys, Job job);

    static constexpr std::size_t queue_max = 256;

  private:
    struct Item {
        std::vector<std::string> keys;
        Job job;
    };

    explicit Workers(Shared shared) : shared_(std::move(shared)) {}
    void work(std::size_t self);
    [[nodiscard]] std::deque<Item>::iterator next_ready();
    /// The one whose turn it is; the others would look for nothing.
    void wake_first_free();

    Shared shared_;
    std::mutex mutex_;                          ///< guards the five below
    std::deque<std::condition_variable> wakes_; ///< one a thread
    std::deque<Item> queue_;
    std::set<std::string> busy_; ///< keys
    std::set<std::size_t> free_; ///< threads
    bool stopping_ = false;
    std::vector<std::unique_ptr<Port_set>> ports_;
    std::vector<std::thread> threads_;
};

} // namespace xvm::xvmd
