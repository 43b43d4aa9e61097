// SPDX-License-Identifier: Apache-2.0
// One virtual disk's session: follows both states in the store and does what is the back end's turn
// (xenbus::backend_step); owns the image, and the queue while a ring is connected.
//
// Invariant: all of it runs on the main thread; it reads the states once per look(), however many watches
// fired; while its queue is being stopped it does nothing else.
#pragma once

#include "daemons/xvm-blkd/disk_config.hpp"
#include "daemons/xvm-blkd/world.hpp"
#include "libvmshare/xenbus/session.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace xvm::blkd {

/// What the sessions share; outlives them.
struct Shop {
    World& world;
    block::Packs packs;
    boost::asio::any_io_executor main; ///< one thread: the sessions' own
    boost::asio::any_io_executor pool; ///< the queues'
    std::function<void(bool)> at_work; ///< told around every batch (crew.hpp); may be empty
};

class Vbd : public std::enable_shared_from_this<Vbd> {
  public:
    /// `gone` is called once, when the device's directory is no more and all is released.
    Vbd(Shop& shop, Vbd_id id, std::function<void()> gone);

    /// Something of the device may have changed.
    void look();
    /// Lets go of the guest, leaves the states as they are, then calls `done`. No look() after it.
    void shut_down(std::function<void()> done);

    struct Report {
        xenbus::Device_state state{};
        Disk_config config;
        std::uint64_t sectors = 0;
        bool connected = false;
        block::Queue::Snapshot work; ///< of the present ring, or the last one
        std::string error;           ///< why it was refused, or empty
    };
    [[nodiscard]] Report report() const;
    [[nodiscard]] Vbd_id id() const noexcept { return id_; }
    /// Its requests one by one, whatever ring they come through.
    [[nodiscard]] block::Trace& trace() const noexcept { return *trace_; }

  private:
    enum class Next { done, look_again };

    [[nodiscard]] Result<xenbus::Session::States> read_states();
    [[nodiscard]] Result<Next> act(const xenbus::Session::States& states);
    [[nodiscard]] Result<Next> announce();
    [[nodiscard]] Result<Next> connect();
    [[nodiscard]] Result<Next> close();
    void follow_size();
    [[nodiscard]] Result<Next> refuse(const std::string& why);
    [[nodiscard]] Result<Next> went(Status status);
    void stop_queue(std::function<void()> then);
    void forget();
    [[nodiscard]] std::string name() const;

    Shop& shop_;
    Vbd_id id_;
    std::function<void()> gone_;
    xenbus::Session session_;
    xenbus::Device_state state_{}; ///< as last seen
    bool announced_ = false;
    bool stopping_ = false;   ///< the queue is on its way out
    bool look_again_ = false; ///< something changed meanwhile
    bool ended_ = false;      ///< nothing more is done in the store
    Disk_config config_;
    std::optional<block::Image> image_;
    std::shared_ptr<block::Queue> queue_;
    block::Queue::Snapshot last_{};
    std::shared_ptr<block::Trace> trace_ = std::make_shared<block::Trace>();
    std::string error_;
    std::string size_fault_; ///< told already: a guest can make us look as often as it likes
};

} // namespace xvm::blkd
