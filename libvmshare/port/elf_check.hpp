// SPDX-License-Identifier: Apache-2.0
// What can be said of an ELF kernel before Xen's builder sees it: that it is for this kind of processor, and
// all there. What is no proper ELF file is left to the builder, which says so.
#pragma once

#include "libvmshare/base/result.hpp"

#include <cstddef>
#include <span>

namespace xvm::port {

/// usage: for another processor, or cut off; the object is "kernel".
[[nodiscard]] Status check_elf(std::span<const std::byte> kernel);

} // namespace xvm::port
