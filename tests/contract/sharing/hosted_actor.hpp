// SPDX-License-Identifier: Apache-2.0
// A process of a hosted machine as the contract suite's actor.
#pragma once

#include "libvmshare/port/hosted/process.hpp"
#include "tests/contract/sharing/world.hpp"

namespace xvm::test {

inline constexpr Domid hosted_guest{7};

class Hosted_actor final : public Actor {
  public:
    Hosted_actor(std::unique_ptr<port::hosted::Process> process, Domid domid)
        : process_(std::move(process)), domid_(domid) {}
    Domid domid() const override { return domid_; }
    port::Events& events() override { return process_->events(); }
    port::Grants& grants() override { return process_->grants(); }
    port::Granter* granter() override { return &process_->granter(); }
    port::Store& store() override { return process_->store(); }

  private:
    std::unique_ptr<port::hosted::Process> process_;
    Domid domid_;
};

} // namespace xvm::test
