// SPDX-License-Identifier: Apache-2.0
// xvm disk stats: the counts of a guest's disks, and for people, how long their requests took.
#include "toolstack/cli/cells.hpp"
#include "toolstack/cli/daemon.hpp"
#include "toolstack/cli/disk_histogram.hpp"
#include "toolstack/cli/request.hpp"
#include "toolstack/cli/verbs.hpp"

#include <boost/json/array.hpp>

namespace xvm::cli {

Outcome run_disk_stats(const Run& run) {
    XVM_ASK(const api::Call call, call_of(run.arguments));
    XVM_ASK(const auto answer, ask(run.arguments, call));
    run.print(answer);
    // Who chooses columns, or leaves the heading out, wants the table alone.
    if (run.arguments.format() != Format::table || run.arguments.given("columns") != nullptr ||
        run.arguments.is_on("no_header"))
        return {};
    const boost::json::value* disks = member(answer, "disks");
    if (disks == nullptr || !disks->is_array()) return {};
    for (const boost::json::value& disk : disks->get_array())
        if (const std::string text = histogram_of(disk); !text.empty()) run.out += "\n" + text;
    return {};
}

} // namespace xvm::cli
