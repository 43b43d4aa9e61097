// SPDX-License-Identifier: Apache-2.0
// Physical devices of the host, given to guests: who owns one, who reaches its registers, where its interrupt
// goes, and the frames that go along with it.
//
// Contract:
// - A device has one owner: dom0, a guest, or nobody (quarantine), where its DMA reaches no domain. It goes
//   to a guest from dom0 or from quarantine, never from another guest: that one gives it up first (busy).
// - deassign() puts it into quarantine; the death of its owner does, too.
// - What is open to a guest beside the device itself (registers, interrupt) is opened and closed apart from
//   it; closing what is not open is no error.
// - There is no reset anywhere.
// Used by one thread at a time.
#pragma once

#include "libvmshare/port/domains.hpp"

#include <compare>

namespace xvm::port {

/// Where a device is on the host: "0000:00:10.0".
struct Pci_address {
    std::uint16_t segment = 0;
    std::uint8_t bus = 0;
    std::uint8_t slot = 0;
    std::uint8_t function = 0;
    auto operator<=>(const Pci_address&) const = default;

    [[nodiscard]] std::string text() const;
    /// As Xen numbers them: segment << 16 | bus << 8 | slot << 3 | function.
    [[nodiscard]] std::uint32_t number() const noexcept;
    /// With or without the segment; nothing else is accepted.
    [[nodiscard]] static std::optional<Pci_address> parse(std::string_view text) noexcept;
};

struct Pci_device {
    Pci_address address;
    std::uint16_t vendor = 0;
    std::uint16_t product = 0;
    std::uint32_t class_code = 0;
    std::uint64_t registers = 0;      ///< where its first window of memory lies on the host; 0: it has none
    std::uint64_t register_bytes = 0; ///< whole pages
    bool msi = false;                 ///< it can interrupt by message
    std::string driver;               ///< that holds it in dom0; empty: none
    std::vector<Pci_address> group;   ///< those that the IOMMU cannot tell from it

    /// vendor << 16 | product.
    [[nodiscard]] std::uint32_t kind() const noexcept { return (std::uint32_t{vendor} << 16) | product; }
    bool operator==(const Pci_device&) const = default;
};

/// A physical interrupt as a guest binds it.
using Pirq = unsigned;

class Direct_devices {
  public:
    virtual ~Direct_devices() = default;

    /// exhausted: this host has no IOMMU that Xen uses: no device can be given to a guest.
    [[nodiscard]] virtual Status available() = 0;
    /// By rising address; bridges are not among them.
    [[nodiscard]] virtual Result<std::vector<Pci_device>> list() = 0;
    /// not_found: there is no such device.
    [[nodiscard]] virtual Result<Pci_device> look(const Pci_address& address) = 0;

    /// exhausted: the domain was made without access to devices. Whoever has the device now.
    [[nodiscard]] virtual Status may_have(Domid domid, const Pci_address& address) = 0;
    /// busy: another guest has it, or this one has it already; exhausted: the domain was made without access
    /// to devices.
    [[nodiscard]] virtual Status assign(Domid domid, const Pci_address& address) = 0;
    /// Whether it was that domain's. It is nobody's then.
    [[nodiscard]] virtual Result<bool> deassign(Domid domid, const Pci_address& address) = 0;
    /// From dom0 to nobody. No error if it is nobody's; busy: a guest has it.
    [[nodiscard]] virtual Status quarantine(const Pci_address& address) = 0;
    /// From nobody back to dom0. No error if it is dom0's.
    [[nodiscard]] virtual Status to_host(const Pci_address& address) = 0;

    /// The guest may map the registers: a PV guest at their address on the host; in a PVH guest they lie at
    /// the same address of its own. Closing takes them from a PVH guest; what a PV guest has mapped by then
    /// it keeps until it unmaps it, or ends.
    [[nodiscard]] virtual Status open_registers(Domid domid, Guest_type type, const Pci_device& device) = 0;
    [[nodiscard]] virtual Status close_registers(Domid domid, Guest_type type, const Pci_device& device) = 0;

    /// The device is the domain's, and interrupts by message.
    [[nodiscard]] virtual Result<Pirq> map_interrupt(Domid domid, const Pci_address& address) = 0;
    [[nodiscard]] virtual Status unmap_interrupt(Domid domid, Pirq pirq) = 0;
    /// After the guest has bound it: a PVH guest gets it only from then on.
    [[nodiscard]] virtual Status deliver_interrupt(Domid domid, Guest_type type, Pirq pirq) = 0;

    /// Its registers answer at their address.
    [[nodiscard]] virtual Status enable(const Pci_address& address) = 0;
    /// DMA, and interrupts by message.
    [[nodiscard]] virtual Status switch_on(const Pci_address& address) = 0;
    [[nodiscard]] virtual Status switch_off(const Pci_address& address) = 0;

    // Frames. `refs` are references of `to`, that it has kept free for this; one for each frame.

    /// `from` may transfer a frame to each: to where `frames` says in a PVH guest.
    [[nodiscard]] virtual Status open_room(Domid to, Domid from, const std::vector<Gref>& refs,
                                           const std::vector<std::uint64_t>& frames) = 0;
    /// Whether all of it still stands open to `from`, untouched. failed: it does not.
    [[nodiscard]] virtual Status check_room(Domid to, Domid from, const std::vector<Gref>& refs) = 0;
    /// The frames that have come, by what their new owner calls them; 0: none.
    [[nodiscard]] virtual Result<std::vector<std::uint64_t>> arrived(Domid to,
                                                                     const std::vector<Gref>& refs) = 0;
    [[nodiscard]] virtual Status close_room(Domid to, const std::vector<Gref>& refs) = 0;
    /// Page by page. failed: one of them is not that domain's.
    [[nodiscard]] virtual Status copy_frames(Domid from, const std::vector<std::uint64_t>& source, Domid to,
                                             const std::vector<std::uint64_t>& target) = 0;
};

} // namespace xvm::port
