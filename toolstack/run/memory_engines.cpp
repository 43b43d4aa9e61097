// SPDX-License-Identifier: Apache-2.0
#include "toolstack/run/memory_engines.hpp"

#include "libvmshare/memory/block_engine.hpp"
#include "toolstack/run/balloon_engine.hpp"

namespace xvm::run {

Result<port::Memory_kind> memory_kind(Ports& ports, const Domain_id& id) {
    const auto slots = memory::Slots::read(ports.store, id.domid);
    if (slots) return port::Memory_kind::block;
    if (slots.error().fault == Fault::not_found) return port::Memory_kind::balloon;
    return tl::unexpected<Error>(slots.error());
}

std::unique_ptr<port::Memory_engine> open_memory_engine(Ports& ports, port::Memory_kind kind) {
    if (kind == port::Memory_kind::block)
        return std::make_unique<memory::Block_engine>(ports.domains, ports.store);
    return std::make_unique<Balloon_engine>(ports.domains, ports.store);
}

} // namespace xvm::run
