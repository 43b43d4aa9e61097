// SPDX-License-Identifier: Apache-2.0
// The command line of a daemon: options alone, with --help and --version.
#pragma once

#include "libvmshare/base/result.hpp"

#include <string_view>

namespace boost::program_options {
class options_description;
}

namespace xvm::daemon {

/// Adds --help and --version to what is known, and fills in the values that it names. False: one of the two
/// was asked for, and is printed. usage: an option that is not known, or that has no such value.
[[nodiscard]] Result<bool> read_command_line(std::string_view program, std::string_view version,
                                             boost::program_options::options_description known, int argc,
                                             const char* const* argv);

} // namespace xvm::daemon
