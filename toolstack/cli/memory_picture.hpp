// SPDX-License-Identifier: Apache-2.0
// The host's memory as a picture of text: who has what, what of it is in use, what it may come to, what
// moves.
//
//   host  2048 MiB: guests 1200, available 700, promised 100, reserve 48
//   web    512 MiB  ####|#####+++++......  uses 320 MiB
//   db     256 MiB  ###|####T              memory move 'web' to 'db'
//
// Invariant: no line is wider than asked for, and all bars are drawn to one scale: the greatest maximum.
#pragma once

#include <boost/json/value.hpp>
#include <string>

namespace xvm::cli {

/// Of an "xvm.memory/1". `width`: columns of the terminal, at least 40 are used. `colour`: with its codes.
[[nodiscard]] std::string memory_picture(const boost::json::value& memory, std::size_t width, bool colour);

} // namespace xvm::cli
