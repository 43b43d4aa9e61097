// SPDX-License-Identifier: Apache-2.0
#include "backends/timer/page_clock.hpp"
#include "daemons/xvm-blkd/world.hpp"
#include "libvmshare/port/hosted/remote.hpp"

namespace xvm::blkd {

Result<World> open_hosted(const std::string& socket, const std::vector<std::string>& time_pages) {
    using port::hosted::Process;
    XVM_TRY_LET(const std::shared_ptr<Process> process, port::hosted::start_process(socket, dom0));
    World world;
    world.store = {process, &process->store()};
    world.open_handles = [socket, time_pages]() -> Result<block::Queue::Handles> {
        XVM_TRY_LET(const std::shared_ptr<Process> own, port::hosted::start_process(socket, dom0));
        return block::Queue::Handles{
            {own, &own->events()}, {own, &own->grants()}, timer::make_clock(time_pages)};
    };
    return world;
}

} // namespace xvm::blkd
