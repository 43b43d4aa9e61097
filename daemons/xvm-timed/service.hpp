// SPDX-License-Identifier: Apache-2.0
// Gives the timer page to every guest that asks for it in the store, and takes it back when the guest
// ends or asks no more.
//
// Invariant: after each round, a living guest that asks has an offer in the store and a grant; who does not
// ask, or is dead, has neither, but for a grant that is still mapped: that is tried again every second.
#pragma once

#include "daemons/xvm-timed/source.hpp"
#include "libvmshare/port/store.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <set>

namespace xvm::timed {

class Service {
  public:
    /// `failed`: the store is lost.
    Service(boost::asio::io_context& context, std::shared_ptr<port::Store> store,
            std::unique_ptr<Page_source> source, std::function<void(const Error&)> failed);
    ~Service();
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;

    [[nodiscard]] Status start();
    /// A program that ends takes its offers with it; the kernel's page goes on without us.
    void stop();

  private:
    void wait();
    void on_watch();
    [[nodiscard]] Status find_new(std::set<Domid>& changed);
    void find_gone(std::set<Domid>& changed);
    void settle(Domid guest);
    [[nodiscard]] Status offer(Domid guest);
    [[nodiscard]] Status refuse(Domid guest, const std::string& why);
    void withdraw(Domid guest);
    void try_again();

    std::shared_ptr<port::Store> store_;
    std::unique_ptr<Page_source> source_;
    std::function<void(const Error&)> failed_;
    boost::asio::posix::stream_descriptor watch_;
    boost::asio::steady_timer again_;
    std::set<Domid> watched_;
    std::set<Domid> offered_;
    std::set<Domid> mapped_; ///< gone or not asking, and their grant is still in use
    bool stopped_ = false;
};

} // namespace xvm::timed
