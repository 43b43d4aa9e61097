// SPDX-License-Identifier: Apache-2.0
#include "backends/timer/page_clock.hpp"
#include "daemons/xvm-blkd/world.hpp"
#include "libvmshare/port/xen/events.hpp"
#include "libvmshare/port/xen/grants.hpp"
#include "libvmshare/port/xen/store.hpp"

namespace xvm::blkd {

Result<World> open_xen(const std::vector<std::string>& time_pages) {
    World world;
    XVM_TRY_LET(world.store, port::xen::open_store());
    world.open_handles = [time_pages]() -> Result<block::Queue::Handles> {
        XVM_TRY_LET(std::shared_ptr<port::Events> events, port::xen::open_events());
        XVM_TRY_LET(std::shared_ptr<port::Grants> grants, port::xen::open_grants());
        return block::Queue::Handles{std::move(events), std::move(grants), timer::make_clock(time_pages)};
    };
    // Said now rather than when the first guest comes.
    XVM_TRY(world.open_handles());
    return world;
}

} // namespace xvm::blkd
