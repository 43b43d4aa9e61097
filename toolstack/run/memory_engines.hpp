// SPDX-License-Identifier: Apache-2.0
// Which engine moves a guest's memory, and that engine over a worker's ports.
#pragma once

#include "libvmshare/port/memory.hpp"
#include "toolstack/run/ports.hpp"

#include <memory>

namespace xvm::run {

/// BLOCK of a guest that has slots for blocks; else BALLOON, which every guest has.
[[nodiscard]] Result<port::Memory_kind> memory_kind(Ports& ports, const Domain_id& id);
/// `ports` outlive it.
[[nodiscard]] std::unique_ptr<port::Memory_engine> open_memory_engine(Ports& ports, port::Memory_kind kind);

} // namespace xvm::run
