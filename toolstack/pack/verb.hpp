// SPDX-License-Identifier: Apache-2.0
// A verb of xvm-pack: what it is called, takes and does. The table in main.cpp drives parsing, usage
// and help; a verb is a file of its own.
#pragma once

#include "libvmshare/base/result.hpp"

#include <boost/program_options.hpp>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace xvm::pack_tool {

enum class Format { table, json };

/// A command line that was parsed: the options of the verb, and what is no option.
struct Request {
    boost::program_options::variables_map options;
    std::vector<std::string> arguments;
    Format format = Format::table;

    [[nodiscard]] bool has(const char* option) const { return options.count(option) > 0; }
};

struct Verb {
    std::string_view name;
    std::string_view arguments; ///< as the usage line shows them
    std::string_view summary;   ///< one line
    std::string_view details;   ///< for --help
    void (*add_options)(boost::program_options::options_description& options);
    /// Prints its answer to `out`. With an error, what is in `out` is an answer all the same (verify's);
    /// an empty one says that there is none.
    Status (*run)(const Request& request, std::ostream& out);
};

extern const Verb build_verb;
extern const Verb ls_verb;
extern const Verb cat_verb;
extern const Verb extract_verb;
extern const Verb verify_verb;

/// Fault::usage for `verb`, with the usage line as remedy.
[[nodiscard]] tl::unexpected<Error> usage_error(const Verb& verb, std::string cause);

} // namespace xvm::pack_tool
