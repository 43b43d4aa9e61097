// SPDX-License-Identifier: Apache-2.0
// What the failed opening of a Xen device means, in words; and the library's log kept quiet.
#pragma once

#include "libvmshare/base/result.hpp"

#include <memory>
#include <string>

struct xentoollog_logger;

namespace xvm::port::xen {

/// The error of a device that did not open: `module` is what makes it appear.
[[nodiscard]] tl::unexpected<Error> fail_open(int error_number, const std::string& device,
                                              const std::string& module);

struct Logger_end {
    void operator()(xentoollog_logger* logger) const noexcept;
};
using Logger = std::unique_ptr<xentoollog_logger, Logger_end>;

/// A log for critical messages only. The libraries print each refusal to standard error otherwise,
/// and a guest could fill the host's log with bad references. Outlives the handle opened with it.
[[nodiscard]] Logger quiet_logger();

} // namespace xvm::port::xen
