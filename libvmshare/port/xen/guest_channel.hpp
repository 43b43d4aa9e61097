// SPDX-License-Identifier: Apache-2.0
// A service domain's side of its channel: pages granted to dom0, an event channel that dom0 may bind, and the
// word of both in the store (libvmshare/abi/channel_grants.h). By the stock devices gntalloc, evtchn and
// xenbus; it needs no library but Xen's own, so that a static program can have it.
//
// Invariant: what was granted stays until the domain ends. Dom0 has made the region a channel once await()
// returned for the first time.
#pragma once

#include "libvmshare/base/result.hpp"

#include <cstddef>
#include <memory>
#include <span>

namespace xvm::port::xen {

class Guest_channel {
  public:
    virtual ~Guest_channel() = default;
    /// unreachable: one of the devices is missing, or the store does not answer.
    /// `node`: where dom0 looks for the channel, XVM_CHANNEL_NODE or XVM_GUEST_NODE.
    [[nodiscard]] static Result<std::unique_ptr<Guest_channel>> open(const char* node);
    /// Dom0 is to let go of it. False: the store does not answer.
    virtual bool withdraw() noexcept = 0;

    [[nodiscard]] virtual std::span<std::byte> region() const noexcept = 0;
    /// Until dom0 sends an event; those that came before count.
    [[nodiscard]] virtual Status await() = 0;
    [[nodiscard]] virtual Status notify() = 0;
};

} // namespace xvm::port::xen
