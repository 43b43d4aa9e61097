// SPDX-License-Identifier: Apache-2.0
// A verb of xvm-pack: what it is called, takes and does. The table in program.cpp drives
// parsing, usage and help; a verb is a file of its own.
#pragma once

#include "toolstack/command/program.hpp"

#include <boost/program_options/value_semantic.hpp>
#include <ostream>
#include <string>

namespace xvm::pack_tool {

using command::Format;
using command::Outcome;
using command::Request;
using command::Verb;

extern const Verb build_verb;
extern const Verb ls_verb;
extern const Verb cat_verb;
extern const Verb extract_verb;
extern const Verb verify_verb;

/// xvm-pack with its verbs.
[[nodiscard]] command::Program program(std::string_view version);

/// Fault::usage for `verb`, with the usage line as remedy.
[[nodiscard]] inline tl::unexpected<Error> usage_error(const Verb& verb, std::string cause) {
    return command::usage_error("xvm-pack", verb, std::move(cause));
}

} // namespace xvm::pack_tool
