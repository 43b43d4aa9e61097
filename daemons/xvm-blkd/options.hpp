// SPDX-License-Identifier: Apache-2.0
// The command line of xvm-blkd.
#pragma once

#include "libvmshare/base/result.hpp"

#include <optional>
#include <string>

namespace xvm::blkd {

struct Options {
    std::string socket = "/run/xvm/blkd.sock";
    std::string log_level = "info";
    std::string hosted; ///< socket of a hosted machine; empty: this machine's Xen
    std::string time;   ///< file with a timer page, or none; empty: where this machine's owner has it
    unsigned threads = 2;
};

/// Nothing: --help or --version was asked for and printed. usage: what is wrong, with the remedy.
[[nodiscard]] Result<std::optional<Options>> parse_options(int argc, const char* const* argv);

} // namespace xvm::blkd
