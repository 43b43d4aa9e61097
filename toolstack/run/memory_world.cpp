// SPDX-License-Identifier: Apache-2.0
#include "toolstack/run/memory_world.hpp"

#include "toolstack/plan/plan_wishes.hpp"
#include "toolstack/run/inventory.hpp"
#include "toolstack/run/memory_engines.hpp"
#include "toolstack/run/store_trees.hpp"
#include "toolstack/run/wishes.hpp"
#include "xenstore-schema/nodes.hpp"

#include <algorithm>

namespace xvm::run {
namespace {

using balance::Movable;

/// Nobody takes less of a guest: smaller parts cost more than they give.
constexpr std::uint64_t least_step_bytes = 1ULL << 20;

Movable movable_of(const Domain_entry& entry, bool known) {
    if (entry.info.id.domid == dom0) return Movable::host;
    switch (entry.life) {
    case Life::running:
        return known ? Movable::yes : Movable::no_balloon;
    case Life::paused:
        return Movable::paused;
    case Life::dying:
        return Movable::dying;
    default:
        return Movable::saved;
    }
}

Result<balance::Guest_view> view_of(Ports& ports, const Domain_entry& entry) {
    const auto record = ports.book.by_uuid(entry.info.id.uuid);
    const Domid domid = entry.info.id.domid;
    balance::Guest_view view;
    view.uuid = entry.info.id.uuid;
    view.name = entry.name;
    view.memory_bytes = entry.info.memory_bytes;
    view.movable = movable_of(entry, record.has_value());
    XVM_TRY_LET(view.target_bytes, memory_target(ports.store, domid, entry.info.memory_bytes));
    view.min_bytes = view.max_bytes = entry.info.memory_bytes;
    if (!record) return view;
    view.min_bytes = std::max(record->guest.memory_min_bytes, plan::memory_floor_bytes);
    view.max_bytes = plan::memory_most_bytes(record->guest);
    view.weight = record->guest.memory_weight;
    view.home_bytes = record->guest.memory_bytes;
    if (const std::uint64_t wished = record->guest.changes.memory_bytes; wished != 0)
        view.home_bytes = wished;
    if (view.movable != Movable::yes) return view;
    XVM_TRY_LET(const port::Memory_kind kind, memory_kind(ports, entry.info.id));
    XVM_TRY_LET(const std::uint64_t step, open_memory_engine(ports, kind)->granularity_bytes(entry.info.id));
    view.step_bytes = std::max(step, least_step_bytes);
    namespace report = schema::xvmem::report;
    XVM_TRY_LET(const auto said,
                read_if_there(ports.store, schema::path(report::dir(domid), report::memory)));
    if (said) view.report = balance::parse_report(*said);
    return view;
}

} // namespace

Result<balance::World> memory_world(Ports& ports) {
    XVM_TRY_LET(const auto entries, list_domains(ports, Sight::records));
    XVM_TRY_LET(const port::Host_info host, ports.domains.host());
    balance::World world;
    world.total_bytes = host.total_bytes;
    world.free_bytes = host.free_bytes;
    if (ports.reservations != nullptr) {
        world.host_reserve_bytes = ports.reservations->host_reserve_bytes();
        XVM_TRY_LET(world.promised_bytes, ports.reservations->promised(ports.domains));
    }
    for (const Domain_entry& entry : entries) {
        if (entry.life == Life::stale) continue;
        XVM_TRY_LET(balance::Guest_view view, view_of(ports, entry));
        world.guests.push_back(std::move(view));
    }
    return world;
}

Result<std::uint64_t> available_bytes(Ports& ports) {
    if (ports.reservations != nullptr) return ports.reservations->available(ports.domains);
    XVM_TRY_LET(const port::Host_info host, ports.domains.host());
    return host.free_bytes;
}

} // namespace xvm::run
