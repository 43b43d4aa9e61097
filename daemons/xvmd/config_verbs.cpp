// SPDX-License-Identifier: Apache-2.0
// Stored configurations.
#include "daemons/xvmd/decider.hpp"
#include "daemons/xvmd/verbs.hpp"

namespace xvm::xvmd {
namespace {

std::string key_of(const Call& call) {
    return "configuration " + call.text("name");
}

} // namespace

void add_config_verbs(Verbs& verbs, Decider& decider) {
    const auto answer = [&decider](run::Ports&, const Call& call) {
        return decider.value(question_of(call));
    };
    verbs.act("config.add", {key_of, answer});
    verbs.act("config.remove", {key_of, answer});
    verbs.read("config.list", answer);
    verbs.read("config.show", answer);
    verbs.make("start",
               {[&decider](run::Ports&, const Call& call) { return decider.plan(question_of(call)); }});
}

} // namespace xvm::xvmd
