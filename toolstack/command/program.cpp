// SPDX-License-Identifier: Apache-2.0
#include "toolstack/command/program.hpp"

#include "toolstack/command/command_line.hpp"
#include "toolstack/command/output.hpp"

#include <algorithm>
#include <cerrno>
#include <iostream>
#include <sstream>

namespace xvm::command {
namespace {

int report(const Program& program, const api::Failure& failure, bool as_json) {
    if (as_json) print_json(std::cout, api::failure_json(failure));
    std::cerr << refusal_text(program.name, failure);
    return static_cast<int>(failure.fault);
}

int print_help(const Program& program, const std::vector<std::string>& words) {
    if (words.empty()) {
        std::cout << usage_text(program);
        return 0;
    }
    const auto found = find_verb(program, words);
    if (!found) return report(program, found.error(), false);
    std::cout << help_text(program, *found->verb);
    return 0;
}

/// Whether JSON was asked for, in words that may be wrong otherwise.
bool wants_json(const std::vector<std::string>& words) {
    for (std::size_t i = 0; i < words.size(); ++i)
        if (words[i] == "-ojson" || words[i] == "--output=json" ||
            ((words[i] == "-o" || words[i] == "--output") && i + 1 < words.size() && words[i + 1] == "json"))
            return true;
    return false;
}

} // namespace

int run_program(const Program& program, const std::vector<std::string>& words) {
    if (words.empty()) {
        std::cerr << usage_text(program);
        return static_cast<int>(Fault::usage);
    }
    if (words[0] == "--help" || words[0] == "-h") return print_help(program, {});
    if (words[0] == "help") return print_help(program, {words.begin() + 1, words.end()});
    if (words[0] == "--version") {
        std::cout << program.name << ' ' << program.version << '\n';
        return 0;
    }
    const bool as_json = wants_json(words);
    const auto found = find_verb(program, words);
    if (!found) return report(program, found.error(), as_json);
    const std::vector<std::string> rest(words.begin() + static_cast<std::ptrdiff_t>(found->words),
                                        words.end());
    if (std::find(rest.begin(), rest.end(), "--help") != rest.end() ||
        std::find(rest.begin(), rest.end(), "-h") != rest.end()) {
        std::cout << help_text(program, *found->verb);
        return 0;
    }
    const auto request = parse_request(program, *found->verb, rest);
    if (!request) return report(program, request.error(), as_json);
    // The answer goes out as a whole.
    std::ostringstream answer;
    Outcome outcome = found->verb->run(*request, answer);
    const bool answered = !answer.view().empty();
    std::cout << answer.view() << std::flush;
    if (outcome && !std::cout) outcome = tl::unexpected<api::Failure>(output_error(errno));
    return outcome ? 0 : report(program, outcome.error(), as_json && !answered);
}

} // namespace xvm::command
