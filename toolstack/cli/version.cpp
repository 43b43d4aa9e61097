// SPDX-License-Identifier: Apache-2.0
// xvm version: of the command and, if it runs, of the daemon.
#include "toolstack/cli/cells.hpp"
#include "toolstack/cli/daemon.hpp"
#include "toolstack/cli/request.hpp"
#include "toolstack/cli/verbs.hpp"

#include <boost/json/object.hpp>

namespace xvm::cli {

Outcome run_version(const Run& run) {
    XVM_ASK(const api::Call call, call_of(run.arguments));
    const auto answer = ask(run.arguments, call);
    boost::json::object versions{{"schema", "xvm.version/1"}, {"xvm", XVM_VERSION}, {"version", nullptr}};
    if (answer)
        versions["version"] = plain(member(*answer, "version"));
    else if (run.arguments.format() == Format::table)
        versions["version"] = answer.error().cause;
    run.print(versions);
    return {};
}

} // namespace xvm::cli
