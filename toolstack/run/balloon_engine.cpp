// SPDX-License-Identifier: Apache-2.0
#include "toolstack/run/balloon_engine.hpp"

#include "toolstack/run/wishes.hpp"

#include <optional>

namespace xvm::run {
namespace {

constexpr std::uint64_t page_bytes = 4096;
/// What a driver does not manage: a few pages of libxenguest's. More than this is a guest that was on its
/// way.
constexpr std::uint64_t unmanaged_most_bytes = 4ULL << 20;

/// What its driver has to be asked for, that the domain owns `memory_bytes`.
std::uint64_t target_for(const port::Memory_side& side, std::uint64_t memory_bytes) {
    const bool more = side.memory_bytes >= side.target_bytes;
    const std::uint64_t between =
        more ? side.memory_bytes - side.target_bytes : side.target_bytes - side.memory_bytes;
    if (between > unmanaged_most_bytes || between > memory_bytes) return memory_bytes;
    return more ? memory_bytes - between : memory_bytes + between;
}

tl::unexpected<Error> gone(const Domain_id& id) {
    return fail(Fault::not_found, "domain " + std::to_string(number(id.domid)), "no such domain any more",
                "'xvm list' shows those there are");
}

} // namespace

Result<std::uint64_t> Balloon_engine::granularity_bytes(const Domain_id&) {
    return page_bytes;
}

Result<port::Memory_side> Balloon_engine::look(const Domain_id& id) {
    XVM_TRY_LET(const auto info, port::living(domains_, id));
    if (!info) return gone(id);
    XVM_TRY_LET(const std::uint64_t target, memory_target(store_, id.domid, info->memory_bytes));
    return port::Memory_side{id, info->memory_bytes, target, info->memory_max_bytes};
}

Status Balloon_engine::bound(const port::Memory_side& side, std::uint64_t bytes) {
    XVM_TRY(domains_.set_memory_max(side.id.domid, bytes));
    return ask_memory(store_, side.id.domid, target_for(side, bytes));
}

Status Balloon_engine::ask(const port::Memory_side& from, std::uint64_t leave_bytes) {
    XVM_TRY_LET(const auto info, port::living(domains_, from.id));
    if (!info) return gone(from.id);
    return bound(from, leave_bytes);
}

Result<port::Memory_progress> Balloon_engine::released(const port::Memory_side& from,
                                                       std::uint64_t leave_bytes) {
    XVM_TRY_LET(const auto info, port::living(domains_, from.id));
    if (!info) return port::Memory_progress{0, port::Memory_state::gone, 0, {}};
    const bool there = info->memory_bytes <= leave_bytes;
    return port::Memory_progress{
        info->memory_bytes, there ? port::Memory_state::done : port::Memory_state::working, 0, {}};
}

Status Balloon_engine::withdraw(const port::Memory_side& from, std::uint64_t keep_bytes) {
    XVM_TRY_LET(const auto info, port::living(domains_, from.id));
    return info ? bound(from, keep_bytes) : Status{};
}

Status Balloon_engine::offer(const port::Memory_side& to, std::uint64_t have_bytes) {
    XVM_TRY_LET(const auto info, port::living(domains_, to.id));
    if (!info) return gone(to.id);
    if (have_bytes > info->memory_bytes) {
        XVM_TRY_LET(const port::Host_info host, domains_.host());
        if (const std::uint64_t more = have_bytes - info->memory_bytes; more > host.free_bytes)
            return fail(Fault::exhausted, "domain " + std::to_string(number(to.id.domid)),
                        "is to get " + std::to_string(more >> 10) + "KiB, " +
                            std::to_string(host.free_bytes >> 10) + "KiB are free");
    }
    return bound(to, have_bytes);
}

Result<port::Memory_progress> Balloon_engine::taken(const port::Memory_side& to, std::uint64_t have_bytes) {
    XVM_TRY_LET(const auto info, port::living(domains_, to.id));
    if (!info) return port::Memory_progress{0, port::Memory_state::gone, 0, {}};
    const bool there = info->memory_bytes >= have_bytes;
    return port::Memory_progress{
        info->memory_bytes, there ? port::Memory_state::done : port::Memory_state::working, 0, {}};
}

} // namespace xvm::run
