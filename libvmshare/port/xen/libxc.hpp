// SPDX-License-Identifier: Apache-2.0
// libxenctrl and libxenguest for C++, in the order that works, and an open handle with its log.
// Only source files of port/xen include this.
#pragma once

#include "libvmshare/base/ids.hpp"
#include "libvmshare/port/xen/library_log.hpp"

extern "C" {
#include <xenctrl.h>
// after xenctrl.h
#include <xen/hvm/e820.h>
#include <xen/hvm/params.h>
#include <xenguest.h>
}

#include <memory>

namespace xvm::port::xen {

struct Xc_end {
    void operator()(xc_interface* handle) const noexcept { xc_interface_close(handle); }
};

/// Invariant: the log outlives the handle that writes to it.
struct Libxc {
    std::unique_ptr<Library_log> log;
    std::unique_ptr<xc_interface, Xc_end> handle;

    [[nodiscard]] xc_interface* xc() const noexcept { return handle.get(); }
};

[[nodiscard]] inline std::uint32_t raw(Domid domid) noexcept {
    return number(domid);
}

/// The error of a call on `domid` that failed with errno `error_number`: ESRCH → no such domain;
/// otherwise the kind errno means, with what the library logged as the cause. `operation` reads
/// "cannot ...".
[[nodiscard]] tl::unexpected<Error> fail_call(const Libxc& libxc, int error_number, Domid domid,
                                              std::string_view operation, std::string remedy = {});

} // namespace xvm::port::xen
