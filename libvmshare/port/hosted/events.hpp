// SPDX-License-Identifier: Apache-2.0
// Event channels as eventfds: the Desk hands out both ends' descriptors, after that nobody stands between.
//
// The mask is epoll's one-shot mode: a port that next() reported is out of the wait set until unmask()
// puts it back; what was written meanwhile is then seen at once.
#pragma once

#include "libvmshare/port/events.hpp"
#include "libvmshare/port/hosted/desk.hpp"

#include <map>
#include <mutex>

namespace xvm::port::hosted {

/// Safe to use from several threads. The Desk outlives it.
class Hosted_events final : public Events {
  public:
    explicit Hosted_events(Desk& desk);
    ~Hosted_events() override;
    Hosted_events(const Hosted_events&) = delete;
    Hosted_events& operator=(const Hosted_events&) = delete;

    [[nodiscard]] Result<Evtchn_port> alloc_unbound(Domid remote) override;
    [[nodiscard]] Result<Evtchn_port> bind_interdomain(Domid remote, Evtchn_port remote_port) override;
    [[nodiscard]] Status notify(Evtchn_port port) override;
    [[nodiscard]] Result<std::optional<Evtchn_port>> next() override;
    [[nodiscard]] Status unmask(Evtchn_port port) override;
    void close(Evtchn_port port) noexcept override;
    [[nodiscard]] int fd() const noexcept override { return wait_set_.get(); }

  private:
    [[nodiscard]] Result<Evtchn_port> keep(Port_end end);

    Desk& desk_;
    Unique_fd wait_set_;
    std::mutex mutex_;
    std::map<Evtchn_port, Port_end> ports_;
};

} // namespace xvm::port::hosted
