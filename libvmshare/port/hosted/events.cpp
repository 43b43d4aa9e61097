// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/hosted/events.hpp"

#include "libvmshare/base/assert.hpp"

#include <cerrno>
#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

namespace xvm::port::hosted {
namespace {

epoll_event armed(Evtchn_port port) noexcept {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLONESHOT;
    event.data.u32 = number(port);
    return event;
}

tl::unexpected<Error> not_ours(Evtchn_port port) {
    return fail(Fault::failed, fmt::format("event channel {}", number(port)), "not a port of this process");
}

} // namespace

Hosted_events::Hosted_events(Desk& desk) : desk_(desk), wait_set_(::epoll_create1(EPOLL_CLOEXEC)) {
    XVM_ASSERT(wait_set_);
}

Hosted_events::~Hosted_events() {
    for (const auto& [port, end] : ports_)
        desk_.close_port(port);
}

Result<Evtchn_port> Hosted_events::keep(Port_end end) {
    const Evtchn_port port = end.port;
    epoll_event event = armed(port);
    if (::epoll_ctl(wait_set_.get(), EPOLL_CTL_ADD, end.receive.get(), &event) != 0) {
        const int why = errno;
        desk_.close_port(port);
        return fail_errno(why, fmt::format("event channel {}", number(port)), "waiting");
    }
    const std::lock_guard lock(mutex_);
    ports_.insert_or_assign(port, std::move(end));
    return port;
}

Result<Evtchn_port> Hosted_events::alloc_unbound(Domid remote) {
    XVM_TRY_LET(Port_end end, desk_.open_port(remote));
    return keep(std::move(end));
}

Result<Evtchn_port> Hosted_events::bind_interdomain(Domid remote, Evtchn_port remote_port) {
    XVM_TRY_LET(Port_end end, desk_.bind_port(remote, remote_port));
    return keep(std::move(end));
}

Status Hosted_events::notify(Evtchn_port port) {
    const std::lock_guard lock(mutex_);
    const auto end = ports_.find(port);
    if (end == ports_.end()) return not_ours(port);
    // Fails only when the counter is full, and then the event is pending anyway.
    ::eventfd_write(end->second.send.get(), 1);
    return {};
}

Result<std::optional<Evtchn_port>> Hosted_events::next() {
    epoll_event event{};
    const int count = ::epoll_wait(wait_set_.get(), &event, 1, 0);
    if (count < 0 && errno != EINTR) return fail_errno(errno, "event channels", "epoll_wait");
    if (count <= 0) return std::nullopt;
    const Evtchn_port port{event.data.u32};
    const std::lock_guard lock(mutex_);
    const auto end = ports_.find(port);
    if (end == ports_.end()) return std::nullopt; // closed by another thread since
    eventfd_t sends = 0;
    ::eventfd_read(end->second.receive.get(), &sends);
    return port;
}

Status Hosted_events::unmask(Evtchn_port port) {
    const std::lock_guard lock(mutex_);
    const auto end = ports_.find(port);
    if (end == ports_.end()) return not_ours(port);
    epoll_event event = armed(port);
    if (::epoll_ctl(wait_set_.get(), EPOLL_CTL_MOD, end->second.receive.get(), &event) != 0)
        return fail_errno(errno, fmt::format("event channel {}", number(port)), "unmasking");
    return {};
}

void Hosted_events::close(Evtchn_port port) noexcept {
    const std::lock_guard lock(mutex_);
    const auto end = ports_.find(port);
    if (end == ports_.end()) return;
    // The peer holds the same file, so closing ours would not take it out of the wait set.
    ::epoll_ctl(wait_set_.get(), EPOLL_CTL_DEL, end->second.receive.get(), nullptr);
    ports_.erase(end);
    desk_.close_port(port);
}

} // namespace xvm::port::hosted
