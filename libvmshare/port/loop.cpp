// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/loop.hpp"

#include <fmt/format.h>

namespace xvm::port {

std::string Block_device::hex() const {
    return fmt::format("{:x}:{:x}", major, minor);
}

} // namespace xvm::port
