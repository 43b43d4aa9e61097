// SPDX-License-Identifier: Apache-2.0
// What the steps that make a domain hand to each other, be it created or restored.
#pragma once

#include "libvmshare/port/domains.hpp"

#include <string>
#include <vector>

namespace xvm::run {

struct Creation {
    port::Domain_shape shape;
    std::string kernel_text; ///< as a user named them, for messages
    std::string ramdisk_text;
    std::vector<std::byte> kernel;
    std::vector<std::byte> ramdisk;
    port::Built_domain built;
};

} // namespace xvm::run
