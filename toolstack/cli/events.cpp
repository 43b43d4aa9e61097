// SPDX-License-Identifier: Apache-2.0
// xvm events: what happens, a line each as it comes.
#include "libvmshare/base/number.hpp"
#include "toolstack/cli/daemon.hpp"
#include "toolstack/cli/request.hpp"
#include "toolstack/cli/verbs.hpp"

#include <boost/json/parse.hpp>

namespace xvm::cli {

Outcome run_events(const Run& run) {
    XVM_ASK(const api::Call call, call_of(run.arguments));
    const auto count = parse_number<std::uint32_t>(run.arguments.text("count"));
    if (count == 0U) return {};
    std::uint32_t left = count.value_or(0);
    Outcome written = write_out(heading_line(run.arguments, run.columns));
    api::Waiting waiting;
    waiting.silence_max = api::wait_for_ever;
    const auto ended = client_of(run.arguments, waiting).stream(call, [&](std::string_view line) {
        boost::json::error_code error;
        const auto event = boost::json::parse(line, error);
        if (error) return true; // cut off in the middle
        written = write_out(row_line(run.arguments, run.columns, event));
        return written && (!count || --left > 0);
    });
    return ended ? written : ended;
}

} // namespace xvm::cli
