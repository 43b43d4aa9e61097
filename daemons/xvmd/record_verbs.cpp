// SPDX-License-Identifier: Apache-2.0
// What is counted, and whether the store is as it should be.
#include "daemons/common/json_reply.hpp"
#include "daemons/xvmd/verbs.hpp"
#include "toolstack/lint/report.hpp"
#include "toolstack/lint/walk.hpp"

#include <boost/json/array.hpp>

namespace xvm::xvmd {
namespace json = boost::json;
namespace {

std::uint64_t number_of(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    json::error_code not_whole;
    const auto number =
        value != nullptr && value->is_number() ? value->to_number<std::uint64_t>(not_whole) : 0;
    return not_whole ? 0 : number;
}

/// The totals of the disks that the block backend serves to the domains listed.
std::vector<Metrics_facts::Disk> disks_of(const json::value& served,
                                          const std::vector<run::Domain_entry>& entries) {
    std::vector<Metrics_facts::Disk> disks;
    const json::object* answer = served.if_object();
    const json::value* vbds = answer != nullptr ? answer->if_contains("vbds") : nullptr;
    if (vbds == nullptr || !vbds->is_array()) return disks;
    for (const json::value& item : vbds->get_array()) {
        const json::object* vbd = item.if_object();
        if (vbd == nullptr) continue;
        for (const run::Domain_entry& entry : entries)
            for (const run::Disk_entry& disk : entry.disks)
                if (number_of(*vbd, "domid") == number(entry.info.id.domid) &&
                    number_of(*vbd, "devid") == disk.devid)
                    disks.push_back({entry.name, disk.dev, number_of(*vbd, "requests"),
                                     number_of(*vbd, "errors"), number_of(*vbd, "read_bytes"),
                                     number_of(*vbd, "written_bytes")});
    }
    return disks;
}

/// Each part that does not answer is left out: a scrape is no place for errors.
Metrics_facts facts_of(run::Ports& ports, const Service& service) {
    Metrics_facts facts;
    facts.event_followers = service.events.followers();
    if (service.management != nullptr) {
        const auto now = service.management->counts();
        facts.management = {now.state == control::State::running, now.starts, now.answered, now.refused};
    }
    if (const auto host = ports.domains.host()) facts.memory = {host->total_bytes, host->free_bytes, 0};
    if (facts.memory && ports.reservations != nullptr)
        facts.memory->promised_bytes = ports.reservations->promised(ports.domains).value_or(0);
    const auto entries = run::list_domains(ports);
    if (entries)
        for (const run::Domain_entry& entry : *entries)
            ++facts.domains[std::string(name_of(entry.life))];
    const auto served = service.block.disks();
    facts.block_backend_up = served.has_value();
    if (entries && served) facts.disks = disks_of(*served, *entries);
    return facts;
}

} // namespace

void add_record_verbs(Verbs& verbs, Service& service) {
    verbs.direct("metrics", [&service](const Call&, const daemon::Reply& reply) {
        const Status taken = service.workers.submit({}, [&service, reply](run::Ports& ports) {
            reply.send({200, Metrics::content_type, service.metrics.text(facts_of(ports, service))});
        });
        if (!taken) reply.send(daemon::failure_response(taken.error()));
    });
    verbs.read("store.lint", [](run::Ports& ports, const Call&) -> Answer {
        const auto image = lint_tool::read_store(ports.store);
        if (!image) return tl::unexpected<api::Failure>(image.error());
        const auto findings = schema::lint(*image);
        json::object report = lint_tool::report_json(findings, image->nodes.size());
        report["schema"] = "xvm.lint/1";
        return json::value(std::move(report));
    });
}

} // namespace xvm::xvmd
