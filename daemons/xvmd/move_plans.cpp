// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvmd/move_plans.hpp"

#include "toolstack/plan/plan_wishes.hpp"
#include "toolstack/plan/size.hpp"
#include "toolstack/run/memory_engines.hpp"

namespace xvm::xvmd {
namespace {

/// The guest as its engine sees it, and what is known of it.
struct Looked {
    plan::Memory_end end;
    plan::Guest_config guest;
};

Result<Looked> look(run::Ports& ports, const run::Domain_entry& entry, std::uint64_t bytes) {
    const std::string object = "domain '" + entry.name + "'";
    const auto record = ports.book.by_uuid(entry.info.id.uuid);
    if (!record)
        return fail(Fault::failed, object, "its configuration is not known any more",
                    "end it, and start it again with 'xvm create'");
    if (entry.life != run::Life::running)
        return fail(Fault::busy, object,
                    "is " + std::string(run::name_of(entry.life)) + ": it could not answer",
                    "let it run, or name another guest");
    XVM_TRY_LET(const port::Memory_kind kind, run::memory_kind(ports, entry.info.id));
    const auto engine = run::open_memory_engine(ports, kind);
    XVM_TRY_LET(const std::uint64_t step, engine->granularity_bytes(entry.info.id));
    if (bytes == 0 || bytes % step != 0)
        return fail(Fault::usage, "amount " + plan::size_text(bytes),
                    "memory of " + object + " moves by " + plan::size_text(step),
                    "give a multiple of that above zero");
    XVM_TRY_LET(const port::Memory_side side, engine->look(entry.info.id));
    return Looked{{entry.name, side.id.uuid.text(), number(side.id.domid), std::string(name_of(kind)),
                   side.memory_bytes, side.target_bytes, side.limit_bytes, 0},
                  record->guest};
}

} // namespace

Result<plan::Memory_end> giver_of(run::Ports& ports, const run::Domain_entry& guest, std::uint64_t bytes) {
    XVM_TRY_LET(Looked one, look(ports, guest, bytes));
    const std::uint64_t least = std::max(one.guest.memory_min_bytes, plan::memory_floor_bytes);
    const std::uint64_t spare = one.end.memory_bytes - std::min(least, one.end.memory_bytes);
    if (bytes > spare)
        return fail(Fault::exhausted, "domain '" + guest.name + "'",
                    "has " + std::to_string(one.end.memory_bytes >> 20) + "MiB and keeps at least " +
                        plan::size_text(least) + ": it cannot give " + plan::size_text(bytes),
                    "take at most " + std::to_string(spare >> 20) + "MiB of it, or lower its memory_min");
    one.end.to_bytes = one.end.memory_bytes - bytes;
    return std::move(one.end);
}

Result<plan::Memory_end> taker_of(run::Ports& ports, const run::Domain_entry& guest, std::uint64_t bytes) {
    XVM_TRY_LET(Looked one, look(ports, guest, bytes));
    const std::uint64_t most = plan::memory_most_bytes(one.guest);
    // Of a PVH guest the pages for its start are beside its memory: less than a mebibyte of them.
    constexpr std::uint64_t mebibyte = 1ULL << 20;
    const bool beside = one.guest.type == plan::Guest_type::pvh;
    const std::uint64_t has = beside ? one.end.memory_bytes / mebibyte * mebibyte : one.end.memory_bytes;
    const std::uint64_t room = most - std::min(most, has);
    if (bytes > room)
        return fail(Fault::exhausted, "domain '" + guest.name + "'",
                    "has " + std::to_string(one.end.memory_bytes >> 20) + "MiB and may have at most " +
                        plan::size_text(most) + ": it cannot take " + plan::size_text(bytes),
                    one.guest.type == plan::Guest_type::pv
                        ? "give it at most " + std::to_string(room >> 20) + "MiB, or raise its memory_max"
                        : "give it at most " + std::to_string(room >> 20) +
                              "MiB: a PVH guest does not grow beyond its memory at the start");
    one.end.to_bytes = one.end.memory_bytes + bytes;
    return std::move(one.end);
}

} // namespace xvm::xvmd
