// SPDX-License-Identifier: Apache-2.0
// In a build without libxen (option port=hosted).
#include "daemons/xvm-timed/world.hpp"

namespace xvm::timed {

Result<World> open_xen() {
    return fail(Fault::unreachable, "Xen", "this xvm-timed was built without it", "build with -Dport=all");
}

} // namespace xvm::timed
