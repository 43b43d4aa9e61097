// SPDX-License-Identifier: Apache-2.0
// Physical devices without hardware: who owns them, what is open to whom, which frames have gone where. For
// tests of the toolstack; it keeps the contract of port::Direct_devices.
//
// Invariant: a device has one owner. Any thread: a test plays guests beside the toolstack.
#pragma once

#include "libvmshare/port/direct.hpp"

#include <map>
#include <mutex>
#include <set>

namespace xvm::port::hosted {

class Direct_ledger final : public Direct_devices {
  public:
    [[nodiscard]] Status available() override;
    [[nodiscard]] Result<std::vector<Pci_device>> list() override;
    [[nodiscard]] Result<Pci_device> look(const Pci_address& address) override;
    [[nodiscard]] Status may_have(Domid domid, const Pci_address& address) override;
    [[nodiscard]] Status assign(Domid domid, const Pci_address& address) override;
    [[nodiscard]] Result<bool> deassign(Domid domid, const Pci_address& address) override;
    [[nodiscard]] Status quarantine(const Pci_address& address) override;
    [[nodiscard]] Status to_host(const Pci_address& address) override;
    [[nodiscard]] Status open_registers(Domid domid, Guest_type type, const Pci_device& device) override;
    [[nodiscard]] Status close_registers(Domid domid, Guest_type type, const Pci_device& device) override;
    [[nodiscard]] Result<Pirq> map_interrupt(Domid domid, const Pci_address& address) override;
    [[nodiscard]] Status unmap_interrupt(Domid domid, Pirq pirq) override;
    [[nodiscard]] Status deliver_interrupt(Domid domid, Guest_type type, Pirq pirq) override;
    [[nodiscard]] Status enable(const Pci_address& address) override;
    [[nodiscard]] Status switch_on(const Pci_address& address) override;
    [[nodiscard]] Status switch_off(const Pci_address& address) override;
    [[nodiscard]] Status open_room(Domid to, Domid from, const std::vector<Gref>& refs,
                                   const std::vector<std::uint64_t>& frames) override;
    [[nodiscard]] Status check_room(Domid to, Domid from, const std::vector<Gref>& refs) override;
    [[nodiscard]] Result<std::vector<std::uint64_t>> arrived(Domid to,
                                                             const std::vector<Gref>& refs) override;
    [[nodiscard]] Status close_room(Domid to, const std::vector<Gref>& refs) override;
    [[nodiscard]] Status copy_frames(Domid from, const std::vector<std::uint64_t>& source, Domid to,
                                     const std::vector<std::uint64_t>& target) override;

    // What an administrator, Xen and guests do.

    void add(const Pci_device& device);
    void set_available(bool available);
    /// The domain was made without access to devices.
    void deny(Domid domid);
    /// A guest transfers a frame: true if there was room for it; else it is lost.
    bool transfer(Domid from, Domid to, Gref ref, std::uint64_t frame);
    /// The guest ended: its devices are nobody's, and nothing is open to it.
    void end(Domid domid);
    /// It ended, and its number is nobody's: whatever is opened to it is refused.
    void bury(Domid domid);

    /// Nothing: it is nobody's.
    [[nodiscard]] std::optional<Domid> owner(const Pci_address& address) const;
    [[nodiscard]] bool on(const Pci_address& address) const;
    /// To whom its registers are open.
    [[nodiscard]] std::set<Domid> open_to(const Pci_address& address) const;
    /// Interrupts that are mapped, of all domains.
    [[nodiscard]] std::size_t interrupts() const;
    [[nodiscard]] std::size_t rooms() const;
    [[nodiscard]] std::uint64_t lost_frames() const;

  private:
    struct Entry {
        Pci_device device;
        std::optional<Domid> owner = dom0;
        std::set<Domid> open_to;
        bool on = false;
    };
    struct Room {
        Domid from{};
        std::uint64_t frame = 0; ///< that has come
    };
    [[nodiscard]] Result<Entry*> find(const Pci_address& address);
    [[nodiscard]] Status there(Domid domid) const;

    mutable std::mutex mutex_; ///< guards the rest
    bool available_ = true;
    std::map<Pci_address, Entry> devices_;
    std::set<Domid> denied_;
    std::set<Domid> buried_;
    std::map<std::pair<Domid, Pirq>, Pci_address> interrupts_;
    std::map<std::pair<Domid, Gref>, Room> rooms_;
    Pirq last_pirq_ = 15;
    std::uint64_t lost_frames_ = 0;
};

} // namespace xvm::port::hosted
