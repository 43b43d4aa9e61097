// SPDX-License-Identifier: Apache-2.0
#include "toolstack/run/memory_engines.hpp"

#include "toolstack/run/balloon_engine.hpp"

namespace xvm::run {

Result<port::Memory_kind> memory_kind(Ports&, const Domain_id&) {
    return port::Memory_kind::balloon;
}

std::unique_ptr<port::Memory_engine> open_memory_engine(Ports& ports, port::Memory_kind) {
    return std::make_unique<Balloon_engine>(ports.domains, ports.store);
}

} // namespace xvm::run
