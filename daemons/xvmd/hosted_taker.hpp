// SPDX-License-Identifier: Apache-2.0
// Plays the module of a make-believe guest that takes devices: it says yes to whatever comes in its order.
#pragma once

#include "libvmshare/abi/device.h"
#include "libvmshare/port/hosted/direct.hpp"
#include "libvmshare/port/hosted/process.hpp"

namespace xvm::xvmd {

class Hosted_taker {
  public:
    /// not_found: no such domain.
    [[nodiscard]] static Result<std::unique_ptr<Hosted_taker>>
    start(const std::shared_ptr<port::hosted::Host>& host, Domid domid);

    /// Answers what has come.
    void play(port::hosted::Direct_ledger& devices);

  private:
    Hosted_taker(Domid domid, std::unique_ptr<port::hosted::Process> process)
        : domid_(domid), process_(std::move(process)) {}
    Status publish();
    [[nodiscard]] xvm_dev_answer answer(port::hosted::Direct_ledger& devices, const xvm_dev_request& request);

    Domid domid_;
    std::unique_ptr<port::hosted::Process> process_;
    Evtchn_port port_{};
    xvm_dev_page* page_ = nullptr;
    std::uint32_t done_ = 0;
    std::uint32_t state_ = XVM_DEV_ABSENT;
};

} // namespace xvm::xvmd
