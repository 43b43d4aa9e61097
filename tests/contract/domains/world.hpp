// SPDX-License-Identifier: Apache-2.0
// The port under test: each world has a file of its own that defines this.
#pragma once

#include "libvmshare/port/domains.hpp"

#include <memory>

namespace xvm::test {

[[nodiscard]] Result<std::unique_ptr<port::Domains>> open_world();

} // namespace xvm::test
