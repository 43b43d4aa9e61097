// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/xen/open_error.hpp"

extern "C" {
#include <xentoollog.h>
}

#include <cerrno>
#include <cstdio>

namespace xvm::port::xen {

tl::unexpected<Error> fail_open(int error_number, const std::string& device, const std::string& module) {
    switch (error_number) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
        return fail(Fault::unreachable, device, "no such device",
                    "boot under Xen and load the module: modprobe " + module);
    case EACCES:
    case EPERM:
        return fail_errno(error_number, device, "open", "run as root");
    default:
        return fail_errno(error_number, device, "open");
    }
}

void Logger_end::operator()(xentoollog_logger* logger) const noexcept {
    xtl_logger_destroy(logger);
}

Logger quiet_logger() {
    return Logger(
        reinterpret_cast<xentoollog_logger*>(xtl_createlogger_stdiostream(stderr, XTL_CRITICAL, 0)));
}

} // namespace xvm::port::xen
