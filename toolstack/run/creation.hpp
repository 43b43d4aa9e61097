// SPDX-License-Identifier: Apache-2.0
// What the steps that make a domain hand to each other, be it created or restored.
#pragma once

#include "libvmshare/port/domains.hpp"
#include "toolstack/run/image_cache.hpp"
#include "toolstack/run/shell.hpp"

namespace xvm::run {

struct Creation {
    port::Domain_shape shape;
    plan::Image_source kernel_source;
    plan::Image_source ramdisk_source; ///< may be none
    Image kernel;
    Image ramdisk;
    std::optional<Boot_recipe> recipe; ///< nothing: the files may change without showing it
    port::Built_domain built;
    bool is_filled = false;  ///< the domain was built, and introduced, in advance
    plan::Nodes nodes_ahead; ///< of the guest's: those that were written in advance
};

} // namespace xvm::run
