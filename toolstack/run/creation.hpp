// SPDX-License-Identifier: Apache-2.0
// What the steps that make a domain hand to each other, be it created or restored.
#pragma once

#include "libvmshare/port/domains.hpp"
#include "toolstack/run/image_cache.hpp"

namespace xvm::run {

struct Creation {
    port::Domain_shape shape;
    plan::Image_source kernel_source;
    plan::Image_source ramdisk_source; ///< may be none
    Image kernel;
    Image ramdisk;
    port::Built_domain built;
};

} // namespace xvm::run
