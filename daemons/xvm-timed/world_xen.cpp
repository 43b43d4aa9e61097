// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvm-timed/world.hpp"
#include "libvmshare/port/xen/grants.hpp"
#include "libvmshare/port/xen/store.hpp"

namespace xvm::timed {

Result<World> open_xen() {
    World world;
    XVM_TRY_LET(world.store, port::xen::open_store());
    world.open_granter = []() -> Result<std::shared_ptr<port::Granter>> {
        XVM_TRY_LET(std::shared_ptr<port::Granter> granter, port::xen::open_granter());
        return granter;
    };
    return world;
}

} // namespace xvm::timed
