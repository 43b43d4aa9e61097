// SPDX-License-Identifier: Apache-2.0
// xvm completion: what a shell reads to complete xvm's words.
#include "toolstack/cli/scripts.hpp"
#include "toolstack/cli/verbs.hpp"

#include <boost/json/object.hpp>

namespace xvm::cli {

Outcome run_completion(const Run& run) {
    const std::string_view text = run.arguments.text("shell") == "zsh" ? zsh_completion() : bash_completion();
    run.print(boost::json::object{{"schema", "xvm.text/1"}, {"text", boost::json::string_view(text)}});
    return {};
}

} // namespace xvm::cli
