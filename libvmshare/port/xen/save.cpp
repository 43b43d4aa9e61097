// SPDX-License-Identifier: Apache-2.0
// A suspended domain into a file, by libxenguest.
#include "libvmshare/port/boot_check.hpp"
#include "libvmshare/port/xen/stream_guard.hpp"
#include "libvmshare/port/xen/xen_domains.hpp"

namespace xvm::port::xen {

Status Xen_domains::save(Domid domid, int fd, const Stream_hooks& hooks) {
    XVM_TRY(refuse_dom0(domid, "saved"));
    XVM_TRY(suspended(domid));
    XVM_TRY_LET(const auto guard, Stream_guard::lend(fd, hooks));
    save_callbacks callbacks{};
    callbacks.suspend = [](void*) { return 1; }; // it is, as suspended() says
    // There is no qemu; the library insists on the answer for every guest with its own page tables.
    callbacks.switch_qemu_logdirty = [](std::uint32_t, unsigned, void*) { return 0; };
    constexpr unsigned flags = 0; // not live
    errno = 0;
    if (xc_domain_save(xc(), guard->fd(), raw(domid), flags, &callbacks, XC_STREAM_PLAIN, -1) == 0) return {};
    const int error_number = errno;
    if (guard->cancelled()) return tl::unexpected(stream_cancelled(domid, "saving"));
    return fail_call(libxc_, error_number, domid, "cannot be saved");
}

} // namespace xvm::port::xen
