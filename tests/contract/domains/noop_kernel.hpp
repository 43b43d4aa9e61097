// SPDX-License-Identifier: Apache-2.0
// The smallest kernel that Xen takes: an ELF file of two pages with Xen's notes, for PV and PVH alike,
// linked to 1 MiB. It waits for events that never come, or powers off.
#pragma once

#include <cstddef>
#include <vector>

namespace xvm::test {

enum class Noop { waits, powers_off };

[[nodiscard]] std::vector<std::byte> noop_kernel(Noop behaviour);

/// The same without its notes: an ELF file, but no kernel for Xen.
[[nodiscard]] std::vector<std::byte> plain_elf();

} // namespace xvm::test
