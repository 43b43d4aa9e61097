// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvmd/domain_json.hpp"

#include <array>
#include <boost/json/array.hpp>
#include <limits>
#include <utility>

namespace xvm::xvmd {
namespace json = boost::json;
namespace {

constexpr std::uint64_t sector_bytes = 512;

std::uint64_t number_of(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    if (value == nullptr || !value->is_number()) return std::numeric_limits<std::uint64_t>::max();
    json::error_code not_whole;
    const auto number = value->to_number<std::uint64_t>(not_whole);
    return not_whole ? std::numeric_limits<std::uint64_t>::max() : number;
}

/// The backend's entry of that disk, or nullptr.
const json::object* served_disk(const json::value& served, Domid domid, std::uint32_t devid) {
    const json::object* answer = served.if_object();
    const json::value* list = answer != nullptr ? answer->if_contains("vbds") : nullptr;
    if (list == nullptr || !list->is_array()) return nullptr;
    for (const json::value& item : list->get_array())
        if (const json::object* vbd = item.if_object())
            if (number_of(*vbd, "domid") == number(domid) && number_of(*vbd, "devid") == devid) return vbd;
    return nullptr;
}

/// The totals that a user asks for, as xvm-blkd counts them; all it says is in "detail".
void add_counts(json::object& disk, const json::object& vbd) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 6> totals{{
        {"requests", "requests"},
        {"errors", "errors"},
        {"bytes_read", "read_bytes"},
        {"bytes_written", "written_bytes"},
        {"sends_to_guest", "sends_to_guest"},
        // The guest's own count, out of the page it shares: shown, never relied upon.
        {"sends_from_guest", "sends_from_guest"},
    }};
    for (const auto& [ours, theirs] : totals)
        disk[ours] = vbd.contains(theirs) ? number_of(vbd, theirs) : 0;
    disk["detail"] = vbd;
}

} // namespace

json::object disk_json(const run::Disk_entry& disk) {
    const bool ours = disk.device_class == plan::Device_class::xvbd;
    json::object all{{"dev", disk.dev},
                     {"devid", disk.devid},
                     {"kind", disk.kind},
                     {"path", disk.path},
                     {"mode", disk.mode},
                     {"backend", ours ? "xvm" : "blkback"},
                     {"backend_state", schema::name(disk.backend)},
                     {"frontend_state", schema::name(disk.frontend)},
                     {"error", disk.error}};
    if (disk.sectors) all["size_bytes"] = *disk.sectors * sector_bytes;
    if (!disk.loop.empty()) all["loop"] = disk.loop;
    return all;
}

json::object domain_json(const run::Domain_entry& entry) {
    const port::Domain_info& info = entry.info;
    json::array disks;
    for (const run::Disk_entry& disk : entry.disks)
        disks.push_back(disk_json(disk));
    const bool stale = entry.life == run::Life::stale;
    json::object object{{"schema", "xvm.domain/1"},
                        {"domid", number(info.id.domid)},
                        {"uuid", info.id.uuid.text()},
                        {"name", entry.name},
                        {"type", stale                               ? "-"
                                 : info.type == port::Guest_type::pv ? "pv"
                                                                     : "pvh"},
                        {"state", run::name_of(entry.life)},
                        {"managed", entry.managed},
                        {"vcpus", info.vcpus},
                        {"memory_bytes", info.memory_bytes},
                        {"memory_max_bytes", info.memory_max_bytes},
                        {"cpu_time_ns", info.cpu_time_ns},
                        {"has_console", entry.managed && !stale},
                        {"disks", std::move(disks)}};
    if (entry.tty) object["console_tty"] = *entry.tty;
    return object;
}

json::object host_json(const port::Host_info& host, std::size_t domains, const std::string& block_backend) {
    json::array capabilities;
    for (const std::string& one : host.capabilities)
        capabilities.emplace_back(one);
    return {{"schema", "xvm.host/1"},
            {"xen_version", host.xen_version},
            {"capabilities", std::move(capabilities)},
            {"cpus", host.cpus},
            {"memory_total_bytes", host.total_bytes},
            {"memory_free_bytes", host.free_bytes},
            {"domains", domains},
            {"block_backend", block_backend}};
}

json::object disks_json(const run::Domain_entry& entry, const json::value& served) {
    json::array disks;
    for (const run::Disk_entry& disk : entry.disks) {
        json::object all = disk_json(disk);
        const bool ours = disk.device_class == plan::Device_class::xvbd;
        if (const json::object* vbd = !ours ? nullptr : served_disk(served, entry.info.id.domid, disk.devid))
            add_counts(all, *vbd);
        disks.push_back(std::move(all));
    }
    return {{"schema", "xvm.disks/1"},
            {"domid", number(entry.info.id.domid)},
            {"name", entry.name},
            {"disks", std::move(disks)}};
}

} // namespace xvm::xvmd
