// SPDX-License-Identifier: Apache-2.0
// xvm config add: stores a configuration, under its guest's name if no other is given.
#include "toolstack/cli/daemon.hpp"
#include "toolstack/cli/guest_file.hpp"
#include "toolstack/cli/verbs.hpp"

namespace xvm::cli {

Outcome run_config_add(const Run& run) {
    if (run.arguments.given("name") != nullptr) return run_by_model(run);
    XVM_ASK(const plan::Guest_config guest, read_guest(run.arguments.text("file")));
    Arguments named = run.arguments;
    named.give("name", guest.name);
    return run_by_model({named, run.columns, run.out});
}

} // namespace xvm::cli
