// SPDX-License-Identifier: Apache-2.0
// xvm-pack: builds, lists, reads and verifies packed boot-image disks.
#include "toolstack/pack/command_line.hpp"
#include "toolstack/pack/output.hpp"
#include "toolstack/pack/work.hpp"

#include <array>
#include <csignal>
#include <exception>
#include <iostream>
#include <sstream>

namespace xvm::pack_tool {
namespace {

constexpr std::array verbs{&build_verb, &ls_verb, &cat_verb, &extract_verb, &verify_verb};

int report(const Error& error) {
    std::cerr << "xvm-pack: " << error.line() << '\n';
    return static_cast<int>(error.fault);
}

/// Runs the verb; its answer goes out as a whole, and with -o json there is exactly one.
int execute(const Verb& verb, const Request& request) {
    std::ostringstream answer;
    Status status = verb.run(request, answer);
    if (!status && request.format == Format::json && answer.view().empty())
        print_json(answer, json_error(status.error()));
    std::cout << answer.view() << std::flush;
    if (!std::cout && status) status = fail(Fault::failed, "standard output", "cannot write");
    return status ? 0 : report(status.error());
}

int run(const std::vector<std::string>& words) {
    if (words.empty()) {
        std::cerr << usage_text(verbs);
        return static_cast<int>(Fault::usage);
    }
    if (words[0] == "--help" || words[0] == "-h" || (words[0] == "help" && words.size() == 1)) {
        std::cout << usage_text(verbs);
        return 0;
    }
    if (words[0] == "--version") {
        std::cout << "xvm-pack " XVM_VERSION "\n";
        return 0;
    }
    const bool asks_help = words[0] == "help";
    const auto verb = find_verb(verbs, words[asks_help ? 1 : 0]);
    if (!verb) return report(verb.error());
    const auto request = parse_request(**verb, {words.begin() + 1, words.end()});
    if (!request) return report(request.error());
    if (asks_help || request->has("help")) {
        std::cout << help_text(**verb);
        return 0;
    }

    catch_interrupts();
    return execute(**verb, *request);
}

} // namespace
} // namespace xvm::pack_tool

int main(int argc, char** argv) {
    int code = 1;
    try {
        code = xvm::pack_tool::run({argv + 1, argv + argc});
    } catch (const std::exception& error) { // out of memory, and nothing else
        std::cerr << "xvm-pack: " << error.what() << '\n';
    }
    // The shell is to see that a signal ended us.
    if (const auto signal = xvm::pack_tool::interrupted_by()) {
        std::cout.flush();
        std::signal(*signal, SIG_DFL);
        std::raise(*signal);
    }
    return code;
}
