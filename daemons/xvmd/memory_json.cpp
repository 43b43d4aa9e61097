// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvmd/memory_json.hpp"

#include "toolstack/balance/explain.hpp"
#include "toolstack/balance/usage.hpp"
#include "toolstack/run/memory_world.hpp"

#include <algorithm>
#include <boost/json/array.hpp>

namespace xvm::xvmd {
namespace json = boost::json;
namespace {

/// What an operation does with this guest's memory; empty: none is at it.
std::string operation_at(const std::vector<run::Reservation>& reservations, const Uuid& uuid) {
    for (const run::Reservation& one : reservations)
        if (one.taker == uuid ||
            std::any_of(one.givers.begin(), one.givers.end(),
                        [&](const run::Reserved_giver& giver) { return giver.uuid == uuid; }))
            return one.what;
    return {};
}

json::object guest_json(const balance::Guest_view& guest, Domid domid, const std::string& moves) {
    const bool is_busy = !moves.empty() && guest.movable == balance::Movable::yes;
    json::object object{{"schema", "xvm.domain_memory/1"},
                        {"domid", number(domid)},
                        {"name", guest.name},
                        {"uuid", guest.uuid.text()},
                        {"memory_bytes", guest.memory_bytes},
                        {"target_bytes", guest.target_bytes},
                        {"memory_min_bytes", guest.min_bytes},
                        {"memory_max_bytes", guest.max_bytes},
                        {"memory_weight", guest.weight},
                        {"movable", name_of(is_busy ? balance::Movable::busy : guest.movable)},
                        {"step_bytes", guest.step_bytes}};
    if (guest.home_bytes > 0) object["memory_home_bytes"] = guest.home_bytes;
    if (!moves.empty()) object["moves"] = moves;
    if (guest.report) {
        object["used_bytes"] = used_bytes(guest);
        object["report_seq"] = guest.report->seq;
        object["report_total_bytes"] = guest.report->total_bytes;
        object["report_available_bytes"] = guest.report->available_bytes;
        object["report_working_set_bytes"] = guest.report->working_set_bytes;
        object["report_some_centipercent"] = guest.report->some_centipercent;
        object["report_full_centipercent"] = guest.report->full_centipercent;
    }
    return object;
}

struct Shown {
    balance::World world;
    json::array domains;
};

/// All, or only `only`.
Result<Shown> look(run::Ports& ports, const Uuid* only) {
    Shown shown;
    XVM_TRY_LET(const auto infos, ports.domains.list());
    XVM_TRY_LET(shown.world, run::memory_world(ports));
    const auto reservations =
        ports.reservations != nullptr ? ports.reservations->all() : std::vector<run::Reservation>{};
    for (const balance::Guest_view& guest : shown.world.guests) {
        if (only != nullptr && guest.uuid != *only) continue;
        const auto info = std::find_if(infos.begin(), infos.end(), [&](const port::Domain_info& one) {
            return one.id.uuid == guest.uuid;
        });
        if (info != infos.end()) // else it came a moment ago
            shown.domains.push_back(
                guest_json(guest, info->id.domid, operation_at(reservations, guest.uuid)));
    }
    return shown;
}

} // namespace

Result<json::value> show_memory(run::Ports& ports, const Call& call) {
    std::optional<Uuid> only;
    if (call.has("id")) {
        XVM_TRY_LET(const run::Domain_entry entry,
                    run::find_domain(ports, call.text("id"), run::Sight::records));
        only = entry.info.id.uuid;
    }
    XVM_TRY_LET(Shown shown, look(ports, only ? &*only : nullptr));
    return json::value{{"schema", "xvm.memory/1"},
                       {"total_bytes", shown.world.total_bytes},
                       {"free_bytes", shown.world.free_bytes},
                       {"host_reserve_bytes", shown.world.host_reserve_bytes},
                       {"promised_bytes", shown.world.promised_bytes},
                       {"available_bytes", available_bytes(shown.world)},
                       {"domains", std::move(shown.domains)}};
}

Result<json::value> domain_memory_json(run::Ports& ports, const run::Domain_entry& entry) {
    XVM_TRY_LET(Shown shown, look(ports, &entry.info.id.uuid));
    if (shown.domains.empty())
        return fail(Fault::not_found, "domain '" + entry.name + "'", "has gone meanwhile");
    return std::move(shown.domains.front());
}

Result<json::value> explain_memory(run::Ports& ports, const Call& call) {
    XVM_TRY_LET(const balance::World world, run::memory_world(ports));
    const std::uint64_t wanted = call.has("size") ? static_cast<std::uint64_t>(call.integer("size"))
                                                  : available_bytes(world) + reclaimable_bytes(world);
    const balance::Explanation said = balance::explain(world, wanted);
    json::array takes, lines(said.lines.begin(), said.lines.end());
    for (const balance::Take& take : said.takes)
        takes.push_back({{"name", find(world, take.uuid)->name},
                         {"uuid", take.uuid.text()},
                         {"bytes", take.bytes},
                         {"leave_bytes", take.leave_bytes},
                         {"idle", take.idle}});
    return json::value{{"schema", "xvm.memory_explanation/1"},
                       {"fits", name_of(said.fits)},
                       {"wanted_bytes", said.wanted_bytes},
                       {"available_bytes", said.available_bytes},
                       {"lacking_bytes", said.lacking_bytes},
                       {"reclaimable_bytes", said.reclaimable_bytes},
                       {"takes", std::move(takes)},
                       {"lines", std::move(lines)}};
}

} // namespace xvm::xvmd
