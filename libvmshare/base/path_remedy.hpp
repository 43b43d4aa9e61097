// SPDX-License-Identifier: Apache-2.0
// What to do about a file that cannot be opened: most often its name is a slip of the hand.
#pragma once

#include <string>

namespace xvm {

/// "did you mean '/boot/vmlinux'?" for a file that is not there while one of nearly its name is; for other
/// errors of open(2) the next thing to do, or empty. Looks into the directory, as it is now.
[[nodiscard]] std::string path_remedy(int error_number, const std::string& path);

} // namespace xvm
