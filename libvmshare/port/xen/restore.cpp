// SPDX-License-Identifier: Apache-2.0
// A domain from what save() wrote, by libxenguest.
#include "libvmshare/port/boot_check.hpp"
#include "libvmshare/port/xen/prepare.hpp"
#include "libvmshare/port/xen/stream_guard.hpp"
#include "libvmshare/port/xen/xen_domains.hpp"

namespace xvm::port::xen {

Result<Built_domain> Xen_domains::restore(Domid domid, const Domain_shape& shape, int fd,
                                          const Stream_hooks& hooks) {
    XVM_TRY(check_shape(shape));
    XVM_TRY(empty_domain(domid, shape.type));
    XVM_TRY_LET(const Host_info now, host());
    XVM_TRY(reserve(libxc_, domid, shape, now.free_bytes));
    XVM_TRY_LET(Built_domain built, open_ports(libxc_, domid));
    if (shape.type == Guest_type::pvh) XVM_TRY(set_memory_map(libxc_, domid, shape));
    XVM_TRY_LET(const auto guard, Stream_guard::lend(fd, hooks));

    // No callbacks: the processor features come in the stream, or are those that create() gave.
    restore_callbacks callbacks{};
    unsigned long store_frame = 0;
    unsigned long console_frame = 0;
    constexpr int no_channel = -1;
    errno = 0;
    if (xc_domain_restore(xc(), guard->fd(), raw(domid), number(built.store_port), &store_frame, raw(dom0),
                          number(built.console_port), &console_frame, raw(dom0), XC_STREAM_PLAIN, &callbacks,
                          no_channel) != 0) {
        const int error_number = errno;
        if (guard->cancelled()) return tl::unexpected(stream_cancelled(domid, "restoring"));
        if (error_number == ENOMEM) return fail_call(libxc_, ENOMEM, domid, "cannot get its memory");
        const std::string cause = libxc_.log->cause();
        return fail(Fault::usage, domain_text(domid),
                    "cannot be made from this file" + (cause.empty() ? "" : " (" + cause + ")"),
                    "it is cut short, or damaged, or of another Xen");
    }
    built.store_frame = store_frame;
    built.console_frame = console_frame;
    return built;
}

} // namespace xvm::port::xen
