// SPDX-License-Identifier: Apache-2.0
// All disks of the machine: finds them in the store, wakes their sessions when something changed.
//
// Invariant: one session per {domid, devid}; watch events are drained and reduced to a set of sessions
// before any is woken, so a guest that writes its nodes in a loop costs one look per round, not one per
// event, and no memory.
#pragma once

#include "daemons/xvm-blkd/vbd.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <map>
#include <set>

namespace xvm::blkd {

class Backend {
  public:
    /// `context` has one thread, `pool` is where the disks work. `failed`: the store is lost. `at_work`: told
    /// around every batch, on the thread that does it.
    Backend(boost::asio::io_context& context, boost::asio::any_io_executor pool, World world,
            std::function<void(const Error&)> failed, std::function<void(bool)> at_work = {});
    ~Backend();
    Backend(const Backend&) = delete;
    Backend& operator=(const Backend&) = delete;

    /// Takes up every device there is, and those to come.
    [[nodiscard]] Status start();
    /// Every disk finishes its batch and lets go of its guest; then `done`. States stay as they are.
    void stop(std::function<void()> done);

    [[nodiscard]] std::size_t size() const noexcept { return vbds_.size(); }
    /// Null: there is no such disk.
    [[nodiscard]] std::shared_ptr<const Vbd> find(Vbd_id id) const {
        const auto found = vbds_.find(id);
        return found == vbds_.end() ? nullptr : found->second;
    }
    /// By rising domid and devid.
    template <class Visit>
    void for_each(Visit&& visit) const {
        for (const auto& [id, vbd] : vbds_)
            visit(*vbd);
    }

  private:
    void wait();
    void on_watch();
    [[nodiscard]] Status scan(std::set<Vbd_id>& changed);
    [[nodiscard]] Status read_event(const port::Watch_event& event, std::set<Vbd_id>& changed);
    void wake(Vbd_id id);
    void forget(Vbd_id id);

    World world_;
    Shop shop_;
    std::function<void(const Error&)> failed_;
    boost::asio::posix::stream_descriptor watch_;
    std::map<Vbd_id, std::shared_ptr<Vbd>> vbds_;
    bool stopped_ = false;
};

} // namespace xvm::blkd
