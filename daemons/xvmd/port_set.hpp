// SPDX-License-Identifier: Apache-2.0
// The hypervisor as one worker holds it. No two threads share one.
#pragma once

#include "libvmshare/port/direct.hpp"
#include "libvmshare/port/domains.hpp"
#include "libvmshare/port/events.hpp"
#include "libvmshare/port/grants.hpp"
#include "libvmshare/port/loop.hpp"
#include "libvmshare/port/net.hpp"
#include "libvmshare/port/store.hpp"

#include <functional>
#include <memory>

namespace xvm::xvmd {

class Port_set {
  public:
    virtual ~Port_set() = default;
    [[nodiscard]] virtual port::Domains& domains() noexcept = 0;
    [[nodiscard]] virtual port::Store& store() noexcept = 0;
    [[nodiscard]] virtual port::Network& network() noexcept = 0;
    [[nodiscard]] virtual port::Loops& loops() noexcept = 0;
    /// Null, all of them: there are none here.
    [[nodiscard]] virtual port::Direct_devices* direct() noexcept { return nullptr; }
    [[nodiscard]] virtual port::Grants* grants() noexcept { return nullptr; }
    [[nodiscard]] virtual port::Events* events() noexcept { return nullptr; }
};

/// Called once per worker.
using Open_ports = std::function<Result<std::unique_ptr<Port_set>>()>;

} // namespace xvm::xvmd
