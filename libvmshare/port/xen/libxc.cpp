// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/xen/libxc.hpp"

#include "libvmshare/port/boot_check.hpp"

#include <cerrno>

namespace xvm::port::xen {

tl::unexpected<Error> fail_call(const Libxc& libxc, int error_number, Domid domid, std::string_view operation,
                                std::string remedy) {
    if (error_number == ESRCH) return tl::unexpected(no_such_domain(domid));
    auto failure = fail_errno(error_number, domain_text(domid), operation, std::move(remedy));
    if (std::string logged = libxc.log->cause(); !logged.empty())
        failure.value().cause += " (" + logged + ")";
    return failure;
}

} // namespace xvm::port::xen
