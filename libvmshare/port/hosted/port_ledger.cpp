// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/hosted/port_ledger.hpp"

#include <boost/json/object.hpp>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/eventfd.h>

namespace xvm::port::hosted {
namespace {

Result<std::shared_ptr<Unique_fd>> new_eventfd() {
    Unique_fd fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!fd) return fail_errno(errno, "event channel", "eventfd");
    return std::make_shared<Unique_fd>(std::move(fd));
}

Result<Unique_fd> copy_of(const Unique_fd& fd) {
    Unique_fd copy(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0));
    if (!copy) return fail_errno(errno, "event channel", "dup");
    return copy;
}

} // namespace

Result<Evtchn_port> Port_ledger::unused(Domid domid) const {
    for (std::uint32_t port = 1; port <= limits_.ports; ++port)
        if (!ports_.contains({domid, Evtchn_port{port}})) return Evtchn_port{port};
    return fail_errno(ENOSPC, fmt::format("domain {}", number(domid)), "taking an event channel",
                      "close another one first");
}

Result<Port_end> Port_ledger::insert(Domid domid, Evtchn_port number, Port port) {
    XVM_TRY_LET(Unique_fd receive, copy_of(*port.receive));
    XVM_TRY_LET(Unique_fd send, copy_of(*port.send));
    ports_.emplace(Key{domid, number}, std::move(port));
    return Port_end{number, std::move(receive), std::move(send)};
}

Result<Port_end> Port_ledger::open(Process_id process, Domid domid, Domid remote) {
    XVM_TRY_LET(const Evtchn_port port, unused(domid));
    XVM_TRY_LET(Eventfd receive, new_eventfd());
    XVM_TRY_LET(Eventfd send, new_eventfd());
    return insert(domid, port, {process, remote, std::nullopt, std::move(receive), std::move(send)});
}

Result<Port_end> Port_ledger::bind(Process_id process, Domid domid, Domid remote, Evtchn_port remote_port) {
    const auto found = ports_.find({remote, remote_port});
    if (found == ports_.end() || found->second.peer || found->second.remote != domid)
        return fail(Fault::failed,
                    fmt::format("event channel {} of domain {}", number(remote_port), number(remote)),
                    fmt::format("not open for domain {}", number(domid)));
    XVM_TRY_LET(const Evtchn_port port, unused(domid));
    XVM_TRY_LET(
        Port_end end,
        insert(domid, port, {process, remote, remote_port, found->second.send, found->second.receive}));
    found->second.peer = port;
    // The new port is pending at its start: what came while nobody listened is not lost.
    ::eventfd_write(end.receive.get(), 1);
    return end;
}

std::map<Port_ledger::Key, Port_ledger::Port>::iterator
Port_ledger::erase(std::map<Key, Port>::iterator port) {
    if (port->second.peer) {
        const auto peer = ports_.find({port->second.remote, *port->second.peer});
        if (peer != ports_.end()) peer->second.peer.reset();
    }
    return ports_.erase(port);
}

void Port_ledger::close(Process_id process, Domid domid, Evtchn_port port) {
    const auto found = ports_.find({domid, port});
    if (found != ports_.end() && found->second.process == process) erase(found);
}

void Port_ledger::process_ended(Process_id process) {
    for (auto port = ports_.begin(); port != ports_.end();)
        port = port->second.process == process ? erase(port) : std::next(port);
}

boost::json::array Port_ledger::dump() const {
    boost::json::array all;
    for (const auto& [key, port] : ports_) {
        boost::json::object one{
            {"domid", number(key.first)}, {"port", number(key.second)}, {"remote", number(port.remote)}};
        if (port.peer) one["remote_port"] = number(*port.peer);
        all.push_back(std::move(one));
    }
    return all;
}

} // namespace xvm::port::hosted
