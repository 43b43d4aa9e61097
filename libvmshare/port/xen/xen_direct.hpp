// SPDX-License-Identifier: Apache-2.0
// port::Direct_devices over libxenctrl: owners, registers and interrupts in direct.cpp, frames in
// direct_frames.cpp.
#pragma once

#include "libvmshare/port/grants.hpp"
#include "libvmshare/port/linux/pci.hpp"
#include "libvmshare/port/xen/libxc.hpp"

extern "C" {
#include <xenforeignmemory.h>
}

#include <cerrno>

namespace xvm::port::xen {

struct Foreign_memory_end {
    void operator()(xenforeignmemory_handle* handle) const noexcept { xenforeignmemory_close(handle); }
};

class Xen_direct final : public Direct_devices {
  public:
    Xen_direct(Libxc libxc, std::unique_ptr<xenforeignmemory_handle, Foreign_memory_end> foreign)
        : libxc_(std::move(libxc)), foreign_(std::move(foreign)) {}

    Status available() override;
    Result<std::vector<Pci_device>> list() override;
    Result<Pci_device> look(const Pci_address& address) override;
    Status may_have(Domid domid, const Pci_address& address) override;
    Status assign(Domid domid, const Pci_address& address) override;
    Result<bool> deassign(Domid domid, const Pci_address& address) override;
    Status quarantine(const Pci_address& address) override;
    Status to_host(const Pci_address& address) override;
    Status open_registers(Domid domid, Guest_type type, const Pci_device& device) override;
    Status close_registers(Domid domid, Guest_type type, const Pci_device& device) override;
    Result<Pirq> map_interrupt(Domid domid, const Pci_address& address) override;
    Status unmap_interrupt(Domid domid, Pirq pirq) override;
    Status deliver_interrupt(Domid domid, Guest_type type, Pirq pirq) override;
    Status enable(const Pci_address& address) override { return tree_.enable(address); }
    Status switch_on(const Pci_address& address) override { return tree_.switch_on(address); }
    Status switch_off(const Pci_address& address) override { return tree_.switch_off(address); }
    Status open_room(Domid to, Domid from, const std::vector<Gref>& refs,
                     const std::vector<std::uint64_t>& frames) override;
    Status check_room(Domid to, Domid from, const std::vector<Gref>& refs) override;
    Result<std::vector<std::uint64_t>> arrived(Domid to, const std::vector<Gref>& refs) override;
    Status close_room(Domid to, const std::vector<Gref>& refs) override;
    Status copy_frames(Domid from, const std::vector<std::uint64_t>& source, Domid to,
                       const std::vector<std::uint64_t>& target) override;

  private:
    [[nodiscard]] xc_interface* xc() const { return libxc_.xc(); }
    [[nodiscard]] tl::unexpected<Error> refused(Domid domid, std::string_view operation) const {
        return fail_call(libxc_, errno, domid, operation);
    }
    [[nodiscard]] static tl::unexpected<Error> without_access(Domid domid);
    Status registers(Domid domid, Guest_type type, const Pci_device& device, bool open);

    Libxc libxc_;
    std::unique_ptr<xenforeignmemory_handle, Foreign_memory_end> foreign_;
    linux_host::Pci_tree tree_;
};

} // namespace xvm::port::xen
