// SPDX-License-Identifier: Apache-2.0
// xvm: the command. It asks xvmd, which does the work.
//
// Invariant: a refusal is one line first, "xvm: object: cause; remedy", and the exit code is the Fault's
// number. With -o json or jsonl there is exactly one refusal ("xvm.error/1") on standard output, or the
// answer.
#include "toolstack/cli/usage.hpp"
#include "toolstack/cli/verbs.hpp"
#include "toolstack/cli/words.hpp"
#include "toolstack/command/output.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <exception>

namespace xvm::cli {
namespace {

enum class Told { text, json, jsonl };

int report(const api::Failure& failure, Told told) {
    if (told == Told::json) (void)write_out(command::json_text(api::failure_json(failure)));
    if (told == Told::jsonl) (void)write_out(boost::json::serialize(api::failure_json(failure)) + "\n");
    std::fputs(command::refusal_text("xvm", failure).c_str(), stderr);
    return static_cast<int>(failure.fault);
}

int print(const std::string& text) {
    const Outcome written = write_out(text);
    return written ? 0 : report(written.error(), Told::text);
}

/// How a refusal is told, by words that may be wrong otherwise.
Told told_of(const std::vector<std::string>& words) {
    for (std::size_t i = 0; i < words.size(); ++i)
        for (const auto& [name, told] : {std::pair("json", Told::json), std::pair("jsonl", Told::jsonl)})
            if (words[i] == std::string("-o") + name || words[i] == std::string("--output=") + name ||
                ((words[i] == "-o" || words[i] == "--output") && i + 1 < words.size() &&
                 words[i + 1] == name))
                return told;
    return Told::text;
}

bool asks_for_help(const std::vector<std::string>& words) {
    const auto end = std::find(words.begin(), words.end(), "--");
    return std::find(words.begin(), end, "--help") != end || std::find(words.begin(), end, "-h") != end;
}

int print_help(const std::vector<std::string>& words) {
    if (words.empty()) return print(usage_text());
    const auto found = find_words(words);
    return found ? print(help_text(*found->verb)) : report(found.error(), Told::text);
}

int run(const std::vector<std::string>& words) {
    if (words.empty()) {
        std::fputs(usage_text().c_str(), stderr);
        return static_cast<int>(Fault::usage);
    }
    if (words[0] == "--help" || words[0] == "-h") return print(usage_text());
    if (words[0] == "help") return print_help({words.begin() + 1, words.end()});
    if (words[0] == "--version") return print("xvm " XVM_VERSION "\n");
    const Told told = told_of(words);
    const auto found = find_words(words);
    if (!found) return report(found.error(), told);
    const std::vector<std::string> rest(words.begin() + static_cast<std::ptrdiff_t>(found->words),
                                        words.end());
    if (asks_for_help(rest)) return print(help_text(*found->verb));
    const auto arguments = parse_arguments(*found->verb, rest);
    if (!arguments) return report(arguments.error(), told);
    const auto columns = columns_of(*arguments);
    if (!columns) return report(columns.error(), told);
    std::string out;
    Outcome outcome = run_verb({*arguments, *columns, out});
    if (const Outcome written = write_out(out); outcome && !written) outcome = written;
    return outcome ? 0 : report(outcome.error(), out.empty() ? told : Told::text);
}

} // namespace
} // namespace xvm::cli

int main(int argc, char** argv) {
    try {
        return xvm::cli::run({argv + 1, argv + argc});
    } catch (const std::exception& error) { // out of memory, and nothing else
        std::fprintf(stderr, "xvm: %s\n", error.what());
        return 1;
    }
}
