// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace xvm {

void assertion_failed(const char* what, const char* file, int line, const char* function) noexcept {
    std::fprintf(stderr, "%s:%d: %s: a bug in xvm: '%s' does not hold\n", file, line, function, what);
    std::abort();
}

} // namespace xvm
