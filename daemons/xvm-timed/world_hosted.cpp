// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvm-timed/world.hpp"
#include "libvmshare/port/hosted/remote.hpp"

namespace xvm::timed {

Result<World> open_hosted(const std::string& socket) {
    using port::hosted::Process;
    XVM_TRY_LET(const std::shared_ptr<Process> process, port::hosted::start_process(socket, dom0));
    World world;
    world.store = {process, &process->store()};
    world.open_granter = [process]() -> Result<std::shared_ptr<port::Granter>> {
        return std::shared_ptr<port::Granter>{process, &process->granter()};
    };
    return world;
}

} // namespace xvm::timed
