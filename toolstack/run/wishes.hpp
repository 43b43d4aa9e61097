// SPDX-License-Identifier: Apache-2.0
// What a guest is asked for through its nodes, and does in its own time: memory, processors.
#pragma once

#include "libvmshare/port/store.hpp"

#include <string>
#include <vector>

namespace xvm::run {

/// What its balloon driver is asked to have, in bytes; `otherwise`: the node is not there or no number.
[[nodiscard]] Result<std::uint64_t> memory_target(port::Store& store, Domid domid, std::uint64_t otherwise);
[[nodiscard]] Status ask_memory(port::Store& store, Domid domid, std::uint64_t bytes);

/// Processors that it is asked not to use, of `vcpus`.
[[nodiscard]] Result<std::vector<unsigned>> offline_vcpus(port::Store& store, Domid domid, unsigned vcpus);
/// Asks it to use all of `vcpus` but those `offline`.
[[nodiscard]] Status ask_vcpus(port::Store& store, Domid domid, unsigned vcpus,
                               const std::vector<unsigned>& offline);

/// What the guest said it can be asked for: "poweroff", "reboot", "suspend".
[[nodiscard]] Result<std::vector<std::string>> offers(port::Store& store, Domid domid);
/// Says so in its place.
[[nodiscard]] Status offer(port::Store& store, Domid domid, const std::vector<std::string>& all);

} // namespace xvm::run
