// SPDX-License-Identifier: Apache-2.0
// In a build without libxen (option port=hosted).
#include "daemons/xvm-blkd/world.hpp"

namespace xvm::blkd {

Result<World> open_xen(const std::vector<std::string>& /*time_pages*/) {
    return fail(Fault::unreachable, "Xen", "this xvm-blkd was built without it", "build with -Dport=all");
}

} // namespace xvm::blkd
