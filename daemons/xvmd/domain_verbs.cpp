// SPDX-License-Identifier: Apache-2.0
// Guests: made, listed, paused, named, stopped, ended.
#include "daemons/xvmd/decider.hpp"
#include "daemons/xvmd/domain_json.hpp"
#include "daemons/xvmd/lifecycle.hpp"
#include "daemons/xvmd/verbs.hpp"

#include <boost/json/array.hpp>

namespace xvm::xvmd {
namespace json = boost::json;
namespace {

Answer list(run::Ports& ports, const Call&) {
    const auto entries = run::list_domains(ports, run::Sight::devices);
    if (!entries) return tl::unexpected<api::Failure>(entries.error());
    json::array domains;
    for (const run::Domain_entry& entry : *entries)
        domains.push_back(domain_json(entry));
    return json::object{{"schema", "xvm.domains/1"}, {"domains", std::move(domains)}};
}

Answer as_it_was(run::Ports&, const Call&, const run::Domain_entry& before) {
    return json::value(domain_json(before));
}

} // namespace

void add_domain_verbs(Verbs& verbs, Lifecycle& lifecycle, Decider& decider) {
    const auto decided = [&decider](run::Ports& ports, const Call& call, const run::Domain_entry& entry) {
        return decider.plan(question_of(ports, call, entry));
    };
    const auto restart = [&lifecycle](run::Ports& ports, const Domain_id& id) {
        return lifecycle.start_again(ports, id.uuid);
    };
    verbs.make("create",
               {[&decider](run::Ports&, const Call& call) { return decider.plan(question_of(call)); }});
    verbs.read("list", list);
    verbs.read("show",
               [](run::Ports& ports, const Call& call) { return domain_answer(ports, call.text("id")); });
    verbs.direct("wait",
                 [&lifecycle](const Call& call, const daemon::Reply& reply) { lifecycle.wait(call, reply); });
    verbs.change("pause", {decided});
    verbs.change("unpause", {decided});
    verbs.change("rename", {decided});
    verbs.change("destroy", {decided, as_it_was, {}, true});
    verbs.change("shutdown", {decided, {}, restart});
    verbs.change("reboot", {decided, {}, restart});
}

} // namespace xvm::xvmd
