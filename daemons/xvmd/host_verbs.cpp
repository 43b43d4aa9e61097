// SPDX-License-Identifier: Apache-2.0
// The host and the daemon.
#include "daemons/xvmd/domain_json.hpp"
#include "daemons/xvmd/verbs.hpp"

#include "daemons/common/json_reply.hpp"

namespace xvm::xvmd {
namespace json = boost::json;

void add_host_verbs(Verbs& verbs, Service& service) {
    verbs.direct("version", [](const Call&, const daemon::Reply& reply) {
        reply.send(
            daemon::json_response(json::object{{"schema", "xvm.version/1"}, {"version", XVM_VERSION}}));
    });
    verbs.read("info", [&service](run::Ports& ports, const Call&) -> Answer {
        const auto host = ports.domains.host();
        if (!host) return tl::unexpected<api::Failure>(host.error());
        const auto infos = ports.domains.list();
        if (!infos) return tl::unexpected<api::Failure>(infos.error());
        const Status block = service.block.check();
        return json::value(host_json(*host, infos->size(), block ? "running" : block.error().cause));
    });
    verbs.read("dmesg", [](run::Ports& ports, const Call&) -> Answer {
        const auto log = ports.domains.hypervisor_log();
        if (!log) return tl::unexpected<api::Failure>(log.error());
        return json::value{{"schema", "xvm.text/1"}, {"text", *log}};
    });
}

} // namespace xvm::xvmd
