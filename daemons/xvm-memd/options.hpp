// SPDX-License-Identifier: Apache-2.0
// The command line of xvm-memd.
#pragma once

#include "libvmshare/base/result.hpp"

#include <optional>
#include <string>

namespace xvm::memd {

struct Options {
    std::string socket = "/run/xvm/xvmd.sock"; ///< xvmd's
    std::string log_level = "info";
    bool once = false;    ///< one look, what it leads to, and the end
    bool dry_run = false; ///< says what it would move, and moves nothing
};

/// Nothing: --help or --version was asked for and printed. usage: what is wrong, with the remedy.
[[nodiscard]] Result<std::optional<Options>> parse_options(int argc, const char* const* argv);

} // namespace xvm::memd
