// SPDX-License-Identifier: Apache-2.0
// Dom0's network and loop devices without a kernel: records. For tests of the toolstack; they keep the
// contracts of port::Network and port::Loops.
//
// Any thread: a test plays drivers beside the toolstack.
#pragma once

#include "libvmshare/port/loop.hpp"
#include "libvmshare/port/net.hpp"

#include <map>
#include <mutex>
#include <set>

namespace xvm::port::hosted {

class Network_ledger final : public Network {
  public:
    [[nodiscard]] Status check_bridge(const std::string& bridge) override;
    [[nodiscard]] Status join(const std::string& interface, const std::string& bridge) override;
    [[nodiscard]] Result<std::optional<Interface_info>> look_up(const std::string& interface) override;

    // What an administrator and drivers do.
    void add_bridge(const std::string& bridge);
    void add_interface(const std::string& interface);
    void remove_interface(const std::string& interface);

  private:
    mutable std::mutex mutex_; ///< guards all below
    std::set<std::string> bridges_;
    std::map<std::string, Interface_info> interfaces_;
};

class Loop_ledger final : public Loops {
  public:
    /// Block devices are the files below /dev; everything else is a file.
    [[nodiscard]] Result<Block_device> device_at(const std::string& path) override;
    [[nodiscard]] Result<Block_device> attach(const std::string& file, bool writable,
                                              const std::string& label) override;
    [[nodiscard]] Status detach(const std::string& label) override;
    [[nodiscard]] Status resize(const std::string& label) override;

    /// Labels in use.
    [[nodiscard]] std::set<std::string> labels() const;

  private:
    mutable std::mutex mutex_; ///< guards all below
    std::map<std::string, unsigned> by_label_;
};

} // namespace xvm::port::hosted
