// SPDX-License-Identifier: Apache-2.0
// What domains have used until now, and where the requests of their disks have spent their time.
#include "daemons/xvmd/verbs.hpp"
#include "toolstack/plan/names.hpp"

#include <boost/json/array.hpp>

namespace xvm::xvmd {
namespace json = boost::json;
namespace {

std::uint64_t number_of(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    if (value == nullptr || !value->is_number()) return 0;
    json::error_code not_whole;
    const auto number = value->to_number<std::uint64_t>(not_whole);
    return not_whole ? 0 : number;
}

/// What xvm-blkd serves; nothing if it does not run, which is no reason to tell nothing of domains.
const json::array& disks_of(const tl::expected<json::value, api::Failure>& served) {
    static const json::array none;
    const json::object* answer = served ? served->if_object() : nullptr;
    const json::value* list = answer != nullptr ? answer->if_contains("vbds") : nullptr;
    return list != nullptr && list->is_array() ? list->get_array() : none;
}

/// Adds a domain's part of what is served.
void add_disks(json::object& domain, const json::array& served) {
    json::array disks;
    std::uint64_t read = 0, written = 0;
    for (const json::value& one : served) {
        const json::object* vbd = one.if_object();
        if (vbd == nullptr || number_of(*vbd, "domid") != number_of(domain, "domid")) continue;
        read += number_of(*vbd, "read_bytes");
        written += number_of(*vbd, "written_bytes");
        const auto devid = static_cast<std::uint32_t>(number_of(*vbd, "devid"));
        json::object disk{{"domid", domain["domid"]},
                          {"name", domain["name"]},
                          {"dev", plan::disk_name(devid)},
                          {"devid", devid},
                          {"requests", number_of(*vbd, "requests")}};
        if (const json::value* times = vbd->if_contains("times")) disk["times"] = *times;
        disks.push_back(std::move(disk));
    }
    if (disks.empty()) return;
    domain["disk_read_bytes"] = read;
    domain["disk_written_bytes"] = written;
    domain["disks"] = std::move(disks);
}

Answer top(const Block_service& block, run::Ports& ports) {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    const auto entries = run::list_domains(ports, run::Sight::records);
    if (!entries) return tl::unexpected<api::Failure>(entries.error());
    const auto host = ports.domains.host();
    if (!host) return tl::unexpected<api::Failure>(host.error());
    const auto served = block.disks();
    json::array domains;
    for (const run::Domain_entry& entry : *entries) {
        if (entry.life == run::Life::stale) continue;
        json::object domain{{"domid", number(entry.info.id.domid)},
                            {"name", entry.name},
                            {"state", run::name_of(entry.life)},
                            {"cpu_time_ns", entry.info.cpu_time_ns},
                            {"vcpus", entry.info.vcpus},
                            {"memory_bytes", entry.info.memory_bytes},
                            {"memory_max_bytes", entry.info.memory_max_bytes}};
        add_disks(domain, disks_of(served));
        domains.push_back(std::move(domain));
    }
    return json::object{{"schema", "xvm.top/1"},
                        {"time_ns", std::chrono::duration_cast<std::chrono::nanoseconds>(now).count()},
                        {"cpus", host->cpus},
                        {"memory_total_bytes", host->total_bytes},
                        {"memory_free_bytes", host->free_bytes},
                        {"domains", std::move(domains)}};
}

} // namespace

void add_top_verbs(Verbs& verbs, Service& service) {
    verbs.read("top", [&service](run::Ports& ports, const Call&) { return top(service.block, ports); });
}

} // namespace xvm::xvmd
