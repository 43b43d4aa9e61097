// SPDX-License-Identifier: Apache-2.0
// The command line of xvm-timed.
#pragma once

#include "libvmshare/base/result.hpp"

#include <optional>
#include <string>

namespace xvm::timed {

struct Options {
    std::string owner = "auto"; ///< auto, kernel, program
    std::string device;         ///< of the kernel module
    std::string file = "/run/xvm/time";
    std::string log_level = "info";
    std::string hosted; ///< socket of a hosted machine; empty: this machine's Xen
};

/// Nothing: --help or --version was asked for and printed. usage: what is wrong, with the remedy.
[[nodiscard]] Result<std::optional<Options>> parse_options(int argc, const char* const* argv);

} // namespace xvm::timed
