// SPDX-License-Identifier: Apache-2.0
// Fills a created domain: memory, kernel, RAM disk, start-up pages, ports. By libxenguest, whose steps
// stand in build_domain() in the order it needs them.
//
// On an error the domain keeps whatever it got so far: the caller destroys it.
#pragma once

#include "libvmshare/port/domains.hpp"
#include "libvmshare/port/xen/libxc.hpp"

namespace xvm::port::xen {

/// `shape` and `image` have passed check_shape() and check_image(). `free_bytes`: of the host, now.
[[nodiscard]] Result<Built_domain> build_domain(const Libxc& libxc, Domid domid, const Domain_shape& shape,
                                                const Boot_image& image, std::uint64_t free_bytes);

} // namespace xvm::port::xen
