// SPDX-License-Identifier: Apache-2.0
// A service domain made in advance: booted, its disk mounted, and paused, so that the next start need not
// wait for a kernel. It takes memory while the service is OFF, and no processor time.
//
// Invariant: at most one service domain exists, this one or the service. All calls but is_ready() come from
// the context's thread. One that fails or is ended by others is dropped, and the next is made when the
// service was stopped again.
#pragma once

#include "daemons/xvmd/service_domain.hpp"

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <list>

namespace xvm::xvmd {

class Service_standby {
  public:
    /// Both outlive it.
    Service_standby(boost::asio::io_context& context, const Service_domain::Wiring& wiring)
        : context_(context), wiring_(wiring) {}
    Service_standby(const Service_standby&) = delete;
    Service_standby& operator=(const Service_standby&) = delete;
    ~Service_standby() { close(); }

    /// Begins to make one; the service is gone.
    void prepare();
    /// The one there is, perhaps still on its way, as the service from now on; null: there is none.
    [[nodiscard]] std::unique_ptr<Service_domain> take();
    /// Whether there is one that has booted. Any thread.
    [[nodiscard]] bool is_ready() const noexcept { return ready_; }
    /// Ends the one there is. The context need not run any more.
    void close();

  private:
    void await(boost::asio::posix::stream_descriptor& descriptor);
    void look();
    void let_go();

    boost::asio::io_context& context_;
    const Service_domain::Wiring& wiring_;
    std::unique_ptr<Service_domain> domain_;
    std::list<boost::asio::posix::stream_descriptor> watched_; ///< the domain's own
    std::atomic<bool> ready_ = false;
};

} // namespace xvm::xvmd
