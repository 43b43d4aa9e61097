// SPDX-License-Identifier: Apache-2.0
// What is added to a guest's command line, so that its memory is not cleared twice.
#pragma once

#include "libvmshare/port/domains.hpp"

#include <string>

namespace xvm::run {

/// Where Xen clears what a domain gives up, or the command line says that Linux (5.3 and later) clears each
/// page as its balloon driver takes it (init_on_alloc=1), the driver need not do it once more: that takes
/// longer than all else of it. Who has said in the command line how it is to be, has it so; other kernels
/// leave the word alone.
[[nodiscard]] Status spare_clearing(port::Domains& domains, port::Guest_type type, std::string& command_line);

} // namespace xvm::run
