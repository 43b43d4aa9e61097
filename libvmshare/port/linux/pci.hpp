// SPDX-License-Identifier: Apache-2.0
// The host's PCI devices as dom0's kernel shows them (sysfs), and their configuration space, which stays
// dom0's whoever owns the device.
#pragma once

#include "libvmshare/port/direct.hpp"

namespace xvm::port::linux_host {

class Pci_tree {
  public:
    explicit Pci_tree(std::string root = "/sys/bus/pci/devices") : root_(std::move(root)) {}

    /// Without their groups. Bridges are left out.
    [[nodiscard]] Result<std::vector<Pci_device>> list() const;
    [[nodiscard]] Result<Pci_device> look(const Pci_address& address) const;

    /// The device answers at its registers' address: its window is where the kernel has put it, and open.
    [[nodiscard]] Status enable(const Pci_address& address) const;
    /// Bus mastering, and messages.
    [[nodiscard]] Status switch_on(const Pci_address& address) const;
    [[nodiscard]] Status switch_off(const Pci_address& address) const;

  private:
    [[nodiscard]] std::string dir(const Pci_address& address) const { return root_ + "/" + address.text(); }
    std::string root_;
};

} // namespace xvm::port::linux_host
