// SPDX-License-Identifier: Apache-2.0
// A connected ring and the disk behind it, run by a pool of threads: woken by the event channel, works
// until the ring is empty, sleeps.
//
// Invariant: everything below `strand_` runs on that strand alone; one batch at a time, and between two
// batches other disks have their turn. The handles are this queue's own, so no two queues share a
// descriptor. After stop() has called back, nothing of the guest is mapped or bound any more.
#pragma once

#include "backends/block/device.hpp"
#include "libvmshare/port/events.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/strand.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace xvm::block {

class Queue : public std::enable_shared_from_this<Queue> {
  public:
    /// One disk's own handles to the hypervisor; the last to go.
    struct Handles {
        std::shared_ptr<port::Events> events;
        std::shared_ptr<port::Grants> grants;
        std::shared_ptr<Clock> clock = nullptr; ///< null: nothing is stamped
        std::shared_ptr<Trace> trace = nullptr; ///< null: nobody follows requests
    };
    /// What the front end announced, judged by who read it: 1, 2, 4, 8 or 16 ring pages.
    struct Peer {
        Domid guest{};
        std::vector<Gref> ring;
        Evtchn_port port{};
        std::uint32_t features = 0; ///< XVM_RING_F_* that both ends offered
    };
    struct Snapshot {
        Counters counters;
        xvm_ring_stats back{};
        xvm_ring_stats front{}; ///< as the guest says; may be anything
        Profile profile;
    };
    /// Called on a thread of the pool.
    struct Handlers {
        std::function<void()> broken;              ///< once: the front end broke the ring's rules
        std::function<void(const Error&)> failure; ///< of the host; at most one in failure_pause
        std::function<void(bool)> at_work;         ///< true before a batch, false after it; may be empty
    };
    static constexpr std::chrono::seconds failure_pause{10};

    /// Maps the ring and binds the port. busy: the ring was used before, by a back end that is gone;
    /// the front end has to offer a fresh one.
    [[nodiscard]] static Result<std::shared_ptr<Queue>> connect(const boost::asio::any_io_executor& pool,
                                                                Handles handles, const Peer& peer,
                                                                Image image, bool read_only,
                                                                Handlers handlers);
    ~Queue();
    Queue(const Queue&) = delete;
    Queue& operator=(const Queue&) = delete;

    void start();
    /// Finishes the batch at hand, lets go of the guest, then calls `done` on a thread of the pool.
    void stop(std::function<void()> done);

    /// Any thread. The disk has another size from the next batch on.
    void resize(std::uint64_t sectors);

    /// Any thread. As of the end of the last batch.
    [[nodiscard]] Snapshot snapshot() const;

  private:
    Queue(const boost::asio::any_io_executor& pool, Handles handles, port::Grant_map map, port::Evtchn evtchn,
          const ring::Region& region, Domid guest, Image image, bool read_only, Handlers handlers);
    void wait();
    void on_event();
    void work();
    void take_snapshot();
    void report();
    void let_go() noexcept;

    boost::asio::strand<boost::asio::any_io_executor> strand_;
    Handles handles_;
    port::Grant_map map_;
    port::Evtchn evtchn_;
    ring::Region region_;
    std::unique_ptr<Device> device_;
    boost::asio::posix::stream_descriptor descriptor_;
    Handlers handlers_;
    bool stopped_ = false;
    std::chrono::steady_clock::time_point report_again_{};

    mutable std::mutex snapshot_mutex_;
    Snapshot snapshot_;
};

} // namespace xvm::block
