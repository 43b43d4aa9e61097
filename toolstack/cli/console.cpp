// SPDX-License-Identifier: Apache-2.0
// xvm console: a guest's console in this terminal.
#include "toolstack/api/target.hpp"
#include "toolstack/cli/cells.hpp"
#include "toolstack/cli/daemon.hpp"
#include "toolstack/cli/terminal.hpp"
#include "toolstack/cli/verbs.hpp"

#include <boost/json/object.hpp>
#include <chrono>
#include <cstdio>
#include <thread>
#include <unistd.h>

namespace xvm::cli {
namespace {

/// The console daemon makes the terminal a moment after the guest's start.
constexpr int tty_attempts = 50;
constexpr std::chrono::milliseconds tty_pause{100};

void tell(const std::string& text) {
    std::fputs(text.c_str(), stderr);
}

} // namespace

Outcome run_console(const Run& run) {
    const std::string id = run.arguments.text("id");
    std::string tty;
    std::string name;
    for (int attempt = 0; tty.empty() && attempt < tty_attempts; ++attempt) {
        if (attempt > 0) std::this_thread::sleep_for(tty_pause);
        XVM_ASK(const auto domain, ask(run.arguments, {"GET", api::target({"v1", "domains", id}), {}, {}}));
        tty = plain(member(domain, "console_tty"));
        name = plain(member(domain, "name"));
        if (plain(member(domain, "has_console")) != "true") break;
    }
    if (tty.empty())
        return tl::unexpected<api::Failure>(Error{Fault::not_found,
                                                  "domain '" + (name.empty() ? id : name) + "'",
                                                  "has no console", "see whether xenconsoled runs"});
    if (run.arguments.format() != Format::table) {
        run.print(boost::json::object{{"schema", "xvm.console/1"}, {"name", name}, {"tty", tty}});
        return {};
    }
    const bool interactive = ::isatty(STDIN_FILENO) == 1;
    if (interactive) tell("console of '" + name + "'; Ctrl-] leaves\n");
    XVM_ASK(const Console_end end, join_terminal(tty, STDIN_FILENO, STDOUT_FILENO));
    if (interactive)
        tell(end == Console_end::left ? "\nleft; the guest goes on\n" : "\nthe console is gone\n");
    return {};
}

} // namespace xvm::cli
