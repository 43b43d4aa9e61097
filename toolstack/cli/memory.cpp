// SPDX-License-Identifier: Apache-2.0
// xvm memory show and memory explain: what people are shown of the host's memory.
#include "toolstack/api/target.hpp"
#include "toolstack/cli/cells.hpp"
#include "toolstack/cli/daemon.hpp"
#include "toolstack/cli/guest_file.hpp"
#include "toolstack/cli/memory_picture.hpp"
#include "toolstack/cli/request.hpp"
#include "toolstack/cli/verbs.hpp"
#include "toolstack/plan/plan_move.hpp"
#include "toolstack/plan/size.hpp"

#include <boost/json/array.hpp>
#include <cstdlib>
#include <sys/ioctl.h>
#include <unistd.h>

namespace xvm::cli {
namespace {

std::size_t terminal_width() {
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return 80;
}

/// Bytes of a size, or of what the guest of a configuration needs.
tl::expected<std::uint64_t, api::Failure> wanted_bytes(const std::string& text) {
    if (const auto size = plan::parse_size(text)) return *size;
    if (text.find_first_not_of("0123456789") == std::string::npos)
        return tl::unexpected<api::Failure>(
            Error{Fault::usage, "'" + text + "'", "is no size", "give one with its unit, such as 256MiB"});
    XVM_ASK(const plan::Guest_config guest, read_guest(text));
    return guest.memory_bytes + plan::memory_overhead_bytes(guest);
}

} // namespace

Outcome run_memory_show(const Run& run) {
    const bool is_terminal = ::isatty(STDOUT_FILENO) == 1;
    const bool chosen = run.arguments.given("columns") != nullptr || run.arguments.is_on("no_header");
    if (run.arguments.format() != Format::table || chosen ||
        (!is_terminal && !run.arguments.is_on("picture")))
        return run_by_model(run);
    XVM_ASK(const api::Call call, call_of(run.arguments));
    XVM_ASK(const auto answer, ask(run.arguments, call));
    const bool colour = is_terminal && std::getenv("NO_COLOR") == nullptr;
    run.out += memory_picture(answer, terminal_width(), colour);
    return {};
}

Outcome run_memory_explain(const Run& run) {
    XVM_ASK(api::Call call, call_of(run.arguments));
    if (const std::string wanted = run.arguments.text("wanted"); !wanted.empty()) {
        XVM_ASK(const std::uint64_t bytes, wanted_bytes(wanted));
        const std::string size = std::to_string((bytes + 1023) >> 10) + "KiB";
        call.target = api::target({"v1", "memory", "explanation"}, {{"size", size}});
    }
    XVM_ASK(const auto answer, ask(run.arguments, call));
    const boost::json::value* lines = member(answer, "lines");
    if (run.arguments.format() != Format::table || run.arguments.given("columns") != nullptr ||
        lines == nullptr || !lines->is_array()) {
        run.print(answer);
        return {};
    }
    for (const boost::json::value& line : lines->get_array())
        run.out += plain(&line) + "\n";
    return {};
}

} // namespace xvm::cli
