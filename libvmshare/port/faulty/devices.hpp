// SPDX-License-Identifier: Apache-2.0
// Dom0's devices that fail by plan. Each hands its calls on to a port below, which outlives it.
#pragma once

#include "libvmshare/port/faulty/plan.hpp"
#include "libvmshare/port/loop.hpp"
#include "libvmshare/port/net.hpp"

namespace xvm::port::faulty {

class Faulty_network final : public Network {
  public:
    Faulty_network(Network& below, Plan& plan) : below_(below), plan_(plan) {}
    [[nodiscard]] Status check_bridge(const std::string& bridge) override;
    [[nodiscard]] Status join(const std::string& interface, const std::string& bridge) override;
    [[nodiscard]] Result<std::optional<Interface_info>> look_up(const std::string& interface) override;

  private:
    Network& below_;
    Plan& plan_;
};

class Faulty_loops final : public Loops {
  public:
    Faulty_loops(Loops& below, Plan& plan) : below_(below), plan_(plan) {}
    [[nodiscard]] Result<Block_device> device_at(const std::string& path) override;
    [[nodiscard]] Result<Block_device> attach(const std::string& file, bool writable,
                                              const std::string& label) override;
    [[nodiscard]] Status detach(const std::string& label) override;
    [[nodiscard]] Status resize(const std::string& label) override;

  private:
    Loops& below_;
    Plan& plan_;
};

} // namespace xvm::port::faulty
