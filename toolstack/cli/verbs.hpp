// SPDX-License-Identifier: Apache-2.0
// The verbs of xvm; each is a file of its own. The table in main.cpp drives parsing, usage and help.
#pragma once

#include "toolstack/command/program.hpp"

namespace xvm::cli {

using command::Outcome;
using command::Request;
using command::Verb;

extern const Verb create_verb;
extern const Verb list_verb;
extern const Verb show_verb;
extern const Verb destroy_verb;
extern const Verb console_verb;
extern const Verb disk_stats_verb;
extern const Verb info_verb;
extern const Verb version_verb;

} // namespace xvm::cli
