// SPDX-License-Identifier: Apache-2.0
// Event channels, as a process sees them.
//
// Contract (tests/contract holds every port to it):
// - A notification is a bit, not a counter: sends that meet a pending or masked port coalesce.
// - A port taken by next() is masked until unmask() (on Xen from its delivery on, before next()); what
//   arrives meanwhile stays pending and makes next() return the port again after unmask(). So a consumer
//   unmasks BEFORE its last look at a queue, and several sends may show up as two events.
// - A process that ends closes its ports; the peer's port becomes unbound, with the remote domid
//   kept, and may be bound again.
// - Notifying a port whose peer is gone is not an error.
#pragma once

#include "libvmshare/base/ids.hpp"
#include "libvmshare/base/result.hpp"

#include <optional>
#include <utility>

namespace xvm::port {

class Events {
  public:
    virtual ~Events() = default;

    /// A new local port that `remote` may bind. exhausted: no port left.
    [[nodiscard]] virtual Result<Evtchn_port> alloc_unbound(Domid remote) = 0;

    /// A new local port joined to `remote_port` of `remote`. The new port is pending once at the
    /// start. not_found: no such domain; failed: the port is not open for us.
    [[nodiscard]] virtual Result<Evtchn_port> bind_interdomain(Domid remote, Evtchn_port remote_port) = 0;

    /// Sends one event to the peer of `port`.
    [[nodiscard]] virtual Status notify(Evtchn_port port) = 0;

    /// A pending port, now masked; nothing when none is pending. Does not block.
    [[nodiscard]] virtual Result<std::optional<Evtchn_port>> next() = 0;

    [[nodiscard]] virtual Status unmask(Evtchn_port port) = 0;

    /// Idempotent; the peer's port becomes unbound.
    virtual void close(Evtchn_port port) noexcept = 0;

    /// Readable while next() would return a port. Owned by the object.
    [[nodiscard]] virtual int fd() const noexcept = 0;
};

/// A port with one owner. Invariant: closed exactly once; `events` outlives it.
class Evtchn {
  public:
    Evtchn() = default;
    Evtchn(Events& events, Evtchn_port port) noexcept : events_(&events), port_(port) {}
    Evtchn(Evtchn&& other) noexcept : events_(std::exchange(other.events_, nullptr)), port_(other.port_) {}
    Evtchn& operator=(Evtchn&& other) noexcept {
        if (this != &other) {
            reset();
            events_ = std::exchange(other.events_, nullptr);
            port_ = other.port_;
        }
        return *this;
    }
    Evtchn(const Evtchn&) = delete;
    Evtchn& operator=(const Evtchn&) = delete;
    ~Evtchn() { reset(); }

    [[nodiscard]] explicit operator bool() const noexcept { return events_ != nullptr; }
    [[nodiscard]] Evtchn_port port() const noexcept { return port_; }
    [[nodiscard]] Status notify() const { return events_->notify(port_); }
    [[nodiscard]] Status unmask() const { return events_->unmask(port_); }
    void reset() noexcept {
        if (Events* events = std::exchange(events_, nullptr)) events->close(port_);
    }

  private:
    Events* events_ = nullptr;
    Evtchn_port port_{};
};

} // namespace xvm::port
