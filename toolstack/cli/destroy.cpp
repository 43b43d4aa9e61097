// SPDX-License-Identifier: Apache-2.0
// xvm destroy: ends a guest at once.
#include "toolstack/cli/daemon.hpp"
#include "toolstack/cli/verbs.hpp"
#include "toolstack/command/output.hpp"

namespace xvm::cli {
namespace {

Outcome run(const Request& request, std::ostream& out) {
    XVM_ASK(const auto domain,
            ask(request, {"DELETE", api::target({"v1", "domains", request.arguments[0]}), {}, {}}));
    if (request.format == command::Format::json)
        command::print_json(out, domain);
    else
        out << "domain '" << text_at(domain, "name") << "' is destroyed, number "
            << number_at(domain, "domid") << '\n';
    return {};
}

} // namespace

const Verb destroy_verb{
    "destroy",
    "ID",
    "end a guest at once, and remove every trace of it",
    "The guest is not asked: what it had not written to its disks is lost. Also cleans up after a guest\n"
    "that crashed or powered itself off.",
    nullptr,
    run,
    1,
    1,
};

} // namespace xvm::cli
