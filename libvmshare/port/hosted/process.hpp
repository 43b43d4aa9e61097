// SPDX-License-Identifier: Apache-2.0
// One process of one domain of a hosted machine: everything a daemon or a front end holds.
// Its destruction is the process's death. Mappings, event channels and what refers to the four
// interfaces must be gone before.
#pragma once

#include "libvmshare/port/hosted/events.hpp"
#include "libvmshare/port/hosted/grants.hpp"
#include "libvmshare/port/hosted/host.hpp"

namespace xvm::port::hosted {

class Process {
  public:
    explicit Process(std::unique_ptr<Desk> desk)
        : desk_(std::move(desk)), events_(*desk_), grants_(*desk_), granter_(*desk_) {}

    [[nodiscard]] Events& events() noexcept { return events_; }
    [[nodiscard]] Grants& grants() noexcept { return grants_; }
    [[nodiscard]] Granter& granter() noexcept { return granter_; }
    [[nodiscard]] Store& store() noexcept { return desk_->store(); }

  private:
    std::unique_ptr<Desk> desk_;
    Hosted_events events_;
    Hosted_grants grants_;
    Hosted_granter granter_;
};

/// not_found: no such domain.
[[nodiscard]] inline Result<std::unique_ptr<Process>> start_process(const std::shared_ptr<Host>& host,
                                                                    Domid domid) {
    XVM_TRY_LET(std::unique_ptr<Desk> desk, host->open(domid));
    return std::make_unique<Process>(std::move(desk));
}

} // namespace xvm::port::hosted
