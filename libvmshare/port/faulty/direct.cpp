// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/faulty/direct.hpp"

namespace xvm::port::faulty {
namespace {

/// The planned error, or what the port below says.
template <class Call>
auto through(Plan& plan, const char* name, Call&& call) -> decltype(call()) {
    if (auto error = plan.next(name)) return tl::unexpected<Error>(std::move(*error));
    return call();
}

} // namespace

Status Faulty_direct::available() {
    return through(plan_, "direct.available", [&] { return below_.available(); });
}
Result<std::vector<Pci_device>> Faulty_direct::list() {
    return through(plan_, "direct.list", [&] { return below_.list(); });
}
Result<Pci_device> Faulty_direct::look(const Pci_address& address) {
    return through(plan_, "direct.look", [&] { return below_.look(address); });
}
Status Faulty_direct::may_have(Domid domid, const Pci_address& address) {
    return through(plan_, "direct.may_have", [&] { return below_.may_have(domid, address); });
}
Status Faulty_direct::assign(Domid domid, const Pci_address& address) {
    return through(plan_, "direct.assign", [&] { return below_.assign(domid, address); });
}
Result<bool> Faulty_direct::deassign(Domid domid, const Pci_address& address) {
    return through(plan_, "direct.deassign", [&] { return below_.deassign(domid, address); });
}
Status Faulty_direct::quarantine(const Pci_address& address) {
    return through(plan_, "direct.quarantine", [&] { return below_.quarantine(address); });
}
Status Faulty_direct::to_host(const Pci_address& address) {
    return through(plan_, "direct.to_host", [&] { return below_.to_host(address); });
}
Status Faulty_direct::open_registers(Domid domid, Guest_type type, const Pci_device& device) {
    return through(plan_, "direct.open_registers",
                   [&] { return below_.open_registers(domid, type, device); });
}
Status Faulty_direct::close_registers(Domid domid, Guest_type type, const Pci_device& device) {
    return through(plan_, "direct.close_registers",
                   [&] { return below_.close_registers(domid, type, device); });
}
Result<Pirq> Faulty_direct::map_interrupt(Domid domid, const Pci_address& address) {
    return through(plan_, "direct.map_interrupt", [&] { return below_.map_interrupt(domid, address); });
}
Status Faulty_direct::unmap_interrupt(Domid domid, Pirq pirq) {
    return through(plan_, "direct.unmap_interrupt", [&] { return below_.unmap_interrupt(domid, pirq); });
}
Status Faulty_direct::deliver_interrupt(Domid domid, Guest_type type, Pirq pirq) {
    return through(plan_, "direct.deliver_interrupt",
                   [&] { return below_.deliver_interrupt(domid, type, pirq); });
}
Status Faulty_direct::enable(const Pci_address& address) {
    return through(plan_, "direct.enable", [&] { return below_.enable(address); });
}
Status Faulty_direct::switch_on(const Pci_address& address) {
    return through(plan_, "direct.switch_on", [&] { return below_.switch_on(address); });
}
Status Faulty_direct::switch_off(const Pci_address& address) {
    return through(plan_, "direct.switch_off", [&] { return below_.switch_off(address); });
}
Status Faulty_direct::open_room(Domid to, Domid from, const std::vector<Gref>& refs,
                                const std::vector<std::uint64_t>& frames) {
    return through(plan_, "direct.open_room", [&] { return below_.open_room(to, from, refs, frames); });
}
Status Faulty_direct::check_room(Domid to, Domid from, const std::vector<Gref>& refs) {
    return through(plan_, "direct.check_room", [&] { return below_.check_room(to, from, refs); });
}
Result<std::vector<std::uint64_t>> Faulty_direct::arrived(Domid to, const std::vector<Gref>& refs) {
    return through(plan_, "direct.arrived", [&] { return below_.arrived(to, refs); });
}
Status Faulty_direct::close_room(Domid to, const std::vector<Gref>& refs) {
    return through(plan_, "direct.close_room", [&] { return below_.close_room(to, refs); });
}
Status Faulty_direct::copy_frames(Domid from, const std::vector<std::uint64_t>& source, Domid to,
                                  const std::vector<std::uint64_t>& target) {
    return through(plan_, "direct.copy_frames", [&] { return below_.copy_frames(from, source, to, target); });
}

} // namespace xvm::port::faulty
