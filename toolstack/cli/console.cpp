// SPDX-License-Identifier: Apache-2.0
// xvm console: a guest's console in this terminal.
#include "toolstack/cli/daemon.hpp"
#include "toolstack/cli/terminal.hpp"
#include "toolstack/cli/verbs.hpp"
#include "toolstack/command/output.hpp"

#include <chrono>
#include <iostream>
#include <thread>
#include <unistd.h>

namespace xvm::cli {
namespace {

/// The console daemon makes the terminal a moment after the guest's start.
constexpr int tty_attempts = 50;
constexpr std::chrono::milliseconds tty_pause{100};

Outcome run(const Request& request, std::ostream& out) {
    const std::string& id = request.arguments[0];
    std::string tty;
    std::string name;
    for (int attempt = 0; tty.empty() && attempt < tty_attempts; ++attempt) {
        if (attempt > 0) std::this_thread::sleep_for(tty_pause);
        XVM_ASK(const auto domain, ask(request, {"GET", api::target({"v1", "domains", id}), {}, {}}));
        tty = text_at(domain, "console_tty");
        name = text_at(domain, "name");
        if (!is_true_at(domain, "has_console")) break;
    }
    if (tty.empty())
        return tl::unexpected<api::Failure>(Error{Fault::not_found,
                                                  "domain '" + (name.empty() ? id : name) + "'",
                                                  "has no console", "see whether xenconsoled runs"});
    if (request.format == command::Format::json) {
        command::print_json(out,
                            boost::json::object{{"schema", "xvm.console/1"}, {"name", name}, {"tty", tty}});
        return {};
    }
    const bool interactive = ::isatty(STDIN_FILENO) == 1;
    if (interactive) std::cerr << "console of '" << name << "'; Ctrl-] leaves\n";
    XVM_TRY_LET(const Console_end end, join_terminal(tty, STDIN_FILENO, STDOUT_FILENO));
    if (interactive)
        std::cerr << (end == Console_end::left ? "\nleft; the guest goes on\n" : "\nthe console is gone\n");
    return {};
}

} // namespace

const Verb console_verb{
    "console",
    "ID",
    "join a guest's console",
    "Ctrl-] leaves; the guest goes on. Standard input may be a file or a pipe: after its end the console's\n"
    "output is still printed. -o json prints the console's pseudo-terminal instead.",
    nullptr,
    run,
    1,
    1,
};

} // namespace xvm::cli
