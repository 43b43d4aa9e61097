// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/xen/domains.hpp"
#include "tests/contract/domains/world.hpp"

namespace xvm::test {
Result<std::unique_ptr<port::Domains>> open_world() {
    return port::xen::open_domains();
}
} // namespace xvm::test
