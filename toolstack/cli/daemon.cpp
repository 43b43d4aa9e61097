// SPDX-License-Identifier: Apache-2.0
#include "toolstack/cli/daemon.hpp"

#include "toolstack/cli/ongoing.hpp"

namespace xvm::cli {

api::Http_client client_of(const Arguments& arguments, api::Waiting waiting) {
    return api::Http_client(arguments.text("socket"), "xvmd", std::move(waiting));
}

tl::expected<boost::json::value, api::Failure> ask(const Arguments& arguments, const api::Call& call) {
    if (arguments.verb().mutating) return ask_for_change(arguments, call);
    api::Waiting waiting;
    // "wait": xvmd knows how long.
    for (const model::Parameter& one : arguments.verb().parameters)
        if (one.name == "timeout") waiting.silence_max = api::wait_for_ever;
    return client_of(arguments, std::move(waiting)).call(call);
}

} // namespace xvm::cli
