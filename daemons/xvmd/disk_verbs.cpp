// SPDX-License-Identifier: Apache-2.0
// Disks of guests.
#include "daemons/xvmd/domain_json.hpp"
#include "daemons/xvmd/verbs.hpp"

namespace xvm::xvmd {

void add_disk_verbs(Verbs& verbs, Service& service) {
    verbs.read("disk.list", [](run::Ports& ports, const Call& call) -> Answer {
        const auto entry = run::find_domain(ports, call.text("id"));
        if (!entry) return tl::unexpected<api::Failure>(entry.error());
        return boost::json::value(disks_json(*entry, nullptr));
    });
    verbs.read("disk.stats", [&service](run::Ports& ports, const Call& call) -> Answer {
        const auto entry = run::find_domain(ports, call.text("id"));
        if (!entry) return tl::unexpected<api::Failure>(entry.error());
        tl::expected<boost::json::value, api::Failure> served = nullptr;
        if (!entry->disks.empty()) served = service.block.disks();
        if (!served) return tl::unexpected<api::Failure>(served.error());
        boost::json::object counts = disks_json(*entry, *served);
        counts["schema"] = "xvm.disk_stats/1";
        return boost::json::value(std::move(counts));
    });
}

} // namespace xvm::xvmd
