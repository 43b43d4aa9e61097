// SPDX-License-Identifier: Apache-2.0
// Physical devices that fail by plan. Each call is handed on to a port below, which outlives it.
#pragma once

#include "libvmshare/port/direct.hpp"
#include "libvmshare/port/faulty/plan.hpp"

namespace xvm::port::faulty {

class Faulty_direct final : public Direct_devices {
  public:
    Faulty_direct(Direct_devices& below, Plan& plan) : below_(below), plan_(plan) {}
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

  private:
    Direct_devices& below_;
    Plan& plan_;
};

} // namespace xvm::port::faulty
