// SPDX-License-Identifier: Apache-2.0
// xvm version: of the command and, if it runs, of the daemon.
#include "toolstack/cli/daemon.hpp"
#include "toolstack/cli/verbs.hpp"
#include "toolstack/command/output.hpp"

namespace xvm::cli {
namespace {

Outcome run(const Request& request, std::ostream& out) {
    const auto answer = ask(request, {"GET", api::target({"v1", "version"}), {}, {}});
    if (request.format == command::Format::json) {
        boost::json::object versions{{"schema", "xvm.versions/1"}, {"xvm", XVM_VERSION}};
        versions["xvmd"] =
            answer ? boost::json::value(text_at(*answer, "version")) : boost::json::value(nullptr);
        command::print_json(out, versions);
        return {};
    }
    command::print_facts(
        out, {{"xvm", XVM_VERSION}, {"xvmd", answer ? text_at(*answer, "version") : answer.error().cause}});
    return {};
}

} // namespace

const Verb version_verb{
    "version",
    "",
    "print the versions of xvm and xvmd",
    "A daemon that does not run is no error here.",
    nullptr,
    run,
    0,
    0,
};

} // namespace xvm::cli
