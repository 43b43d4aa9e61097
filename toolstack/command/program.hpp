// SPDX-License-Identifier: Apache-2.0
// A program with verbs: one table of them drives parsing, usage, help and dispatch.
//
// Invariant: what a program prints when it is refused is one line first, "PROGRAM: object: cause; remedy",
// and its exit code is the Fault's number. With -o json there is exactly one JSON value on standard output:
// the answer, or the refusal ("xvm.error/1").
#pragma once

#include "toolstack/api/error_json.hpp"

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/variables_map.hpp>
#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace xvm::command {

/// What a verb comes to: nothing more, or a refusal.
using Outcome = tl::expected<void, api::Failure>;

enum class Format { table, json };

/// The words after a verb, parsed.
struct Request {
    boost::program_options::variables_map options;
    std::vector<std::string> arguments;
    Format format = Format::table;

    [[nodiscard]] bool has(const char* option) const { return options.count(option) > 0; }
    /// The value of an option that has one; it was given, or has a default.
    [[nodiscard]] std::string text(const char* option) const { return options[option].as<std::string>(); }
};

struct Verb {
    std::string_view name;      ///< one word or two: "create", "disk stats"
    std::string_view arguments; ///< as the usage line shows them: "FILE"
    std::string_view summary;   ///< one line
    std::string_view details;   ///< for --help
    void (*add_options)(boost::program_options::options_description& options) = nullptr;
    /// Prints its answer to `out`. With a failure, what is in `out` is an answer all the same; an empty one
    /// says that there is none.
    Outcome (*run)(const Request& request, std::ostream& out) = nullptr;
    std::size_t arguments_min = 0;
    std::size_t arguments_max = static_cast<std::size_t>(-1); ///< any number
};

struct Program {
    std::string_view name;
    std::string_view summary;
    std::string_view version;
    std::string_view footer; ///< the last lines of the usage
    std::vector<const Verb*> verbs;
    /// Options that every verb has, besides --output and --help.
    void (*add_options)(boost::program_options::options_description& options) = nullptr;
};

/// Fault::usage for the verb, with its usage line as remedy.
[[nodiscard]] tl::unexpected<Error> usage_error(std::string_view program, const Verb& verb,
                                                std::string cause);

/// Runs what the words say and gives the exit code. Knows --help, --version and help of its own.
[[nodiscard]] int run_program(const Program& program, const std::vector<std::string>& words);

} // namespace xvm::command
