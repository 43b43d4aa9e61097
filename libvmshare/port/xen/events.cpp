// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/xen/events.hpp"

#include "libvmshare/port/xen/open_error.hpp"

extern "C" {
#include <xenevtchn.h>
}

#include <cerrno>
#include <fmt/format.h>
#include <poll.h>

namespace xvm::port::xen {
namespace {

struct Close {
    void operator()(xenevtchn_handle* handle) const noexcept { xenevtchn_close(handle); }
};
using Handle = std::unique_ptr<xenevtchn_handle, Close>;

std::string name_of(Evtchn_port port) {
    return fmt::format("event channel {}", number(port));
}

class Xen_events final : public Events {
  public:
    Xen_events(Logger logger, Handle handle) : logger_(std::move(logger)), handle_(std::move(handle)) {}

    Result<Evtchn_port> alloc_unbound(Domid remote) override {
        const int port = xenevtchn_bind_unbound_port(handle_.get(), number(remote));
        if (port < 0)
            return fail_errno(errno, fmt::format("event channel for domain {}", number(remote)),
                              "allocating");
        return Evtchn_port{static_cast<std::uint32_t>(port)};
    }

    Result<Evtchn_port> bind_interdomain(Domid remote, Evtchn_port remote_port) override {
        const int port = xenevtchn_bind_interdomain(handle_.get(), number(remote), number(remote_port));
        if (port < 0)
            return fail_errno(
                errno, fmt::format("event channel {} of domain {}", number(remote_port), number(remote)),
                "binding");
        return Evtchn_port{static_cast<std::uint32_t>(port)};
    }

    Status notify(Evtchn_port port) override {
        if (xenevtchn_notify(handle_.get(), number(port)) != 0)
            return fail_errno(errno, name_of(port), "notifying");
        return {};
    }

    Result<std::optional<Evtchn_port>> next() override {
        // A non-blocking descriptor is documented not to be enough, so poll before each read.
        pollfd ready{fd(), POLLIN, 0};
        const int count = ::poll(&ready, 1, 0);
        if (count < 0 && errno != EINTR) return fail_errno(errno, "/dev/xen/evtchn", "poll");
        if (count <= 0) return std::nullopt;
        const int port = xenevtchn_pending(handle_.get());
        if (port < 0) {
            if (errno == EAGAIN || errno == EINTR) return std::nullopt;
            return fail_errno(errno, "/dev/xen/evtchn", "reading a pending event");
        }
        return Evtchn_port{static_cast<std::uint32_t>(port)};
    }

    Status unmask(Evtchn_port port) override {
        if (xenevtchn_unmask(handle_.get(), number(port)) != 0)
            return fail_errno(errno, name_of(port), "unmasking");
        return {};
    }

    void close(Evtchn_port port) noexcept override {
        // Fails only for a port that is not ours (any more).
        static_cast<void>(xenevtchn_unbind(handle_.get(), number(port)));
    }

    int fd() const noexcept override { return xenevtchn_fd(handle_.get()); }

  private:
    Logger logger_;
    Handle handle_;
};

} // namespace

Result<std::unique_ptr<Events>> open_events() {
    Logger logger = quiet_logger();
    Handle handle(xenevtchn_open(logger.get(), 0));
    if (!handle) return fail_open(errno, "/dev/xen/evtchn", "xen-evtchn");
    return std::make_unique<Xen_events>(std::move(logger), std::move(handle));
}

} // namespace xvm::port::xen
