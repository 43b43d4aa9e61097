// SPDX-License-Identifier: Apache-2.0
// The management service: shown, started and stopped by hand.
#include "daemons/xvmd/decider.hpp"
#include "daemons/xvmd/verbs.hpp"

namespace xvm::xvmd {
namespace json = boost::json;
namespace {

json::value shown(const Decider& decider) {
    if (const Management* management = decider.management()) return management->show();
    return json::object{{"schema", "xvm.service/1"},
                        {"mode", "off"},
                        {"state", "off"},
                        {"starts", 0},
                        {"waiting", 0},
                        {"under_way", 0},
                        {"answered", 0},
                        {"refused", 0},
                        {"idle_ms", 0}};
}

Result<Management*> management_of(const Decider& decider) {
    if (decider.management() != nullptr) return decider.management();
    return fail(Fault::usage, "management service", "this xvmd has none: it decides for itself",
                "start xvmd with --service process");
}

} // namespace

void add_service_verbs(Verbs& verbs, Decider& decider) {
    const auto key = [](const Call&) { return std::string("management service"); };
    verbs.read("service.show", [&decider](run::Ports&, const Call&) -> Answer { return shown(decider); });
    verbs.act("service.start", {key, [&decider](run::Ports&, const Call&) -> Answer {
                                    const auto management = management_of(decider);
                                    if (!management) return tl::unexpected<api::Failure>(management.error());
                                    (*management)->wake();
                                    return shown(decider);
                                }});
    verbs.act("service.stop", {key, [&decider](run::Ports&, const Call&) -> Answer {
                                   const auto management = management_of(decider);
                                   if (!management) return tl::unexpected<api::Failure>(management.error());
                                   const Status stopped = (*management)->stop();
                                   if (!stopped) return tl::unexpected<api::Failure>(stopped.error());
                                   return shown(decider);
                               }});
}

} // namespace xvm::xvmd
