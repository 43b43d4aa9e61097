// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/xen/direct.hpp"

#include "libvmshare/port/boot_check.hpp"
#include "libvmshare/port/linux/pci.hpp"
#include "libvmshare/port/xen/libxc.hpp"
#include "libvmshare/port/xen/xen_direct.hpp"

#include <array>
#include <cerrno>

namespace xvm::port::xen {
namespace {

/// The vector at which a PVH guest would get the interrupt if it were no event: any that is not reserved.
constexpr std::uint32_t guest_vector = 0x40;

std::uint64_t page_of(std::uint64_t address) {
    return address / page_bytes;
}
std::uint64_t pages_of(const Pci_device& device) {
    return (device.register_bytes + page_bytes - 1) / page_bytes;
}

} // namespace

Status Xen_direct::available() {
    xc_physinfo_t host{};
    if (xc_physinfo(xc(), &host) != 0) return fail_errno(errno, "Xen", "cannot be asked about the host");
    if ((host.capabilities & XEN_SYSCTL_PHYSCAP_directio) != 0) return {};
    return fail(Fault::exhausted, "host", "Xen uses no IOMMU: no device can be given to a guest",
                "switch VT-d or AMD-Vi on in the firmware, and boot Xen with iommu=on");
}

Result<std::vector<Pci_device>> Xen_direct::list() {
    return tree_.list();
}

Result<Pci_device> Xen_direct::look(const Pci_address& address) {
    XVM_TRY_LET(Pci_device device, tree_.look(address));
    std::array<std::uint32_t, 64> members{};
    std::uint32_t count = 0;
    // Those that dom0 owns: who shares with a guest's device is never assigned alone.
    if (xc_get_device_group(xc(), raw(dom0), address.number(), members.size(), &count, members.data()) == 0)
        for (std::uint32_t i = 0; i < count; ++i) {
            const std::uint32_t number = members.at(i);
            device.group.push_back(
                {static_cast<std::uint16_t>(number >> 16), static_cast<std::uint8_t>(number >> 8),
                 static_cast<std::uint8_t>((number >> 3) & 31), static_cast<std::uint8_t>(number & 7)});
        }
    return device;
}

tl::unexpected<Error> Xen_direct::without_access(Domid domid) {
    return fail(Fault::exhausted, domain_text(domid), "was made without access to devices",
                "write 'direct = true' into its configuration, and start it again");
}

Status Xen_direct::may_have(Domid domid, const Pci_address& address) {
    libxc_.log->clear();
    // EINVAL: somebody has the device, which is not what was asked.
    if (xc_test_assign_device(xc(), raw(domid), address.number()) == 0 || errno == EINVAL) return {};
    return errno == EOPNOTSUPP ? without_access(domid)
                               : Status(refused(domid, "cannot get device " + address.text()));
}

Status Xen_direct::assign(Domid domid, const Pci_address& address) {
    libxc_.log->clear();
    if (xc_assign_device(xc(), raw(domid), address.number(), 0) == 0) return {};
    switch (errno) {
    case EBUSY:
        return fail(Fault::busy, "device " + address.text(), "another guest has it",
                    "'xvm device list' says which; 'xvm device move' moves it");
    case EOPNOTSUPP:
        return without_access(domid);
    default:
        return refused(domid, "cannot get device " + address.text());
    }
}

Result<bool> Xen_direct::deassign(Domid domid, const Pci_address& address) {
    libxc_.log->clear();
    if (xc_deassign_device(xc(), raw(domid), address.number()) == 0) return true;
    if (errno == ENODEV || errno == ESRCH) return false;
    return refused(domid, "cannot be relieved of device " + address.text());
}

Status Xen_direct::quarantine(const Pci_address& address) {
    libxc_.log->clear();
    if (xc_assign_device(xc(), DOMID_IO, address.number(), 0) == 0) return {};
    const int error_number = errno;
    // Nobody has it already: Xen calls that busy, too, but lets it be tested.
    if (error_number == EBUSY && xc_test_assign_device(xc(), DOMID_IO, address.number()) == 0) return {};
    return error_number == EBUSY
               ? fail(Fault::busy, "device " + address.text(), "a guest has it",
                      "'xvm device list' says which; first: xvm device release " + address.text())
               : fail_errno(error_number, "device " + address.text(), "cannot be held");
}

Status Xen_direct::to_host(const Pci_address& address) {
    libxc_.log->clear();
    if (xc_deassign_device(xc(), DOMID_IO, address.number()) == 0 || errno == ENODEV) return {};
    return fail_errno(errno, "device " + address.text(), "cannot be given back to dom0");
}

Status Xen_direct::registers(Domid domid, Guest_type type, const Pci_device& device, bool open) {
    libxc_.log->clear();
    const std::uint64_t first = page_of(device.registers);
    const std::uint64_t count = pages_of(device);
    // Closing is in the order that leaves nothing open that is not allowed.
    if (!open && type == Guest_type::pvh &&
        xc_domain_memory_mapping(xc(), raw(domid), first, first, count, DPCI_REMOVE_MAPPING) != 0 &&
        errno != ESRCH && errno != EPERM) // EPERM: they are closed already
        return refused(domid, "cannot lose the registers of device " + device.address.text());
    if (xc_domain_iomem_permission(xc(), raw(domid), first, count, open ? 1 : 0) != 0 &&
        (open || errno != ESRCH))
        return refused(domid, "cannot have its access to device " + device.address.text() + " changed");
    if (open && type == Guest_type::pvh &&
        xc_domain_memory_mapping(xc(), raw(domid), first, first, count, DPCI_ADD_MAPPING) != 0)
        return refused(domid, "cannot see the registers of device " + device.address.text());
    return {};
}

Status Xen_direct::open_registers(Domid domid, Guest_type type, const Pci_device& device) {
    return registers(domid, type, device, true);
}

Status Xen_direct::close_registers(Domid domid, Guest_type type, const Pci_device& device) {
    return registers(domid, type, device, false);
}

Result<Pirq> Xen_direct::map_interrupt(Domid domid, const Pci_address& address) {
    libxc_.log->clear();
    constexpr int any = -1;
    constexpr int first_entry = 0;
    constexpr std::uint64_t no_table = 0;
    int pirq = any;
    const int devfn = static_cast<int>(address.number() & 0xff);
    const int bus = (address.segment << 16) | address.bus;
    if (xc_physdev_map_pirq_msi(xc(), raw(domid), any, &pirq, devfn, bus, first_entry, no_table) != 0)
        return refused(domid, "cannot get the interrupt of device " + address.text());
    return static_cast<Pirq>(pirq);
}

Status Xen_direct::unmap_interrupt(Domid domid, Pirq pirq) {
    libxc_.log->clear();
    // Of a PVH guest: what deliver_interrupt() did stays, else, and keeps it from getting another one. A PV
    // guest has nothing of the kind.
    static_cast<void>(xc_domain_unbind_msi_irq(xc(), raw(domid), guest_vector, pirq, 0));
    libxc_.log->clear();
    if (xc_physdev_unmap_pirq(xc(), raw(domid), static_cast<int>(pirq)) == 0) return {};
    // EINVAL: it is not mapped.
    if (errno == EINVAL || errno == ESRCH) return {};
    return refused(domid, "cannot lose interrupt " + std::to_string(pirq));
}

Status Xen_direct::deliver_interrupt(Domid domid, Guest_type type, Pirq pirq) {
    if (type == Guest_type::pv) return {};
    libxc_.log->clear();
    if (xc_domain_update_msi_irq(xc(), raw(domid), guest_vector, pirq, 0, 0) == 0) return {};
    return refused(domid, "cannot be sent interrupt " + std::to_string(pirq));
}

Result<std::unique_ptr<Direct_devices>> open_direct() {
    Libxc libxc{std::make_unique<Library_log>(), nullptr};
    libxc.handle.reset(xc_interface_open(libxc.log->logger(), libxc.log->logger(), 0));
    if (!libxc.handle) return fail_errno(errno, "/dev/xen/privcmd", "cannot open");
    std::unique_ptr<xenforeignmemory_handle, Foreign_memory_end> foreign(xenforeignmemory_open(nullptr, 0));
    if (!foreign) return fail_errno(errno, "/dev/xen/privcmd", "cannot open");
    return std::make_unique<Xen_direct>(std::move(libxc), std::move(foreign));
}

} // namespace xvm::port::xen
