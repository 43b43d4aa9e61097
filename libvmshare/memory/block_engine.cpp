// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/memory/block_engine.hpp"

#include "libvmshare/port/boot_check.hpp"

#include <algorithm>

namespace xvm::memory {
namespace {

tl::unexpected<Error> gone(const Domain_id& id) {
    return tl::unexpected(port::no_such_domain(id.domid));
}

port::Memory_progress no_more() {
    return {0, port::Memory_state::gone, 0, {}};
}

} // namespace

Result<std::uint64_t> Block_engine::owned(const Domain_id& id) {
    XVM_TRY_LET(const auto info, port::living(domains_, id));
    if (!info) return gone(id);
    return info->memory_bytes;
}

Result<std::uint64_t> Block_engine::granularity_bytes(const Domain_id& id) {
    XVM_TRY_LET(const Slots slots, Slots::read(store_, id.domid));
    return slots.layout().slot_bytes;
}

Result<port::Memory_side> Block_engine::look(const Domain_id& id) {
    XVM_TRY_LET(const auto info, port::living(domains_, id));
    if (!info) return gone(id);
    return port::Memory_side{id, info->memory_bytes, info->memory_bytes, info->memory_max_bytes};
}

// --- memory leaves ---------------------------------------------------------------------------------------

Status Block_engine::empty(const Domain_id& id, Slots& slots, std::uint32_t slot) {
    const port::Frames frames = slots.layout().frames_of(slot);
    XVM_TRY_LET(const std::uint64_t before, owned(id));
    const std::uint64_t after = before - std::min(before, slots.layout().slot_bytes);
    // The limit first: what goes cannot be taken again by the guest.
    XVM_TRY(domains_.set_memory_max(id.domid, after));
    XVM_TRY(domains_.clear_frames(id.domid, frames));
    XVM_TRY(domains_.release_frames(id.domid, frames));
    return slots.move(slot, Slot_event::emptied);
}

Status Block_engine::tend(const Domain_id& id, Slots& slots) {
    for (std::uint32_t slot = 0; slot < slots.all().size(); ++slot) {
        const Slot_state state = slots.all()[slot].state;
        if (state == Slot_state::ejected) XVM_TRY(empty(id, slots, slot));
        if (state != Slot_state::claimed) continue;
        XVM_TRY(domains_.claim_memory(id.domid, 0));
        // Nobody has used it, but what was in it before is not said.
        XVM_TRY(domains_.clear_frames(id.domid, slots.layout().frames_of(slot)));
        XVM_TRY(domains_.release_frames(id.domid, slots.layout().frames_of(slot)));
        XVM_TRY(slots.move(slot, Slot_event::unclaim));
    }
    return {};
}

Status Block_engine::request(const Domain_id& id, Slots& slots, std::uint64_t leave_bytes) {
    XVM_TRY_LET(const std::uint64_t now, owned(id));
    const std::uint64_t too_much = now > leave_bytes ? now - leave_bytes : 0;
    auto wanted = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(too_much / slots.layout().slot_bytes, slots.all().size()));
    wanted -= std::min(wanted, slots.count(Slot_state::eject_pending));
    // What the guest was told of and has not accepted, costs it nothing to give up.
    for (std::uint32_t slot = 0; slot < slots.all().size() && wanted != 0; ++slot) {
        if (slots.all()[slot].state != Slot_state::insert_pending) continue;
        XVM_TRY_LET(const bool back, slots.take_back(slot, Slot_event::retract));
        if (!back) continue;
        XVM_TRY(empty(id, slots, slot));
        --wanted;
    }
    const auto& vain = refusals_[id].slots;
    for (auto slot = static_cast<std::uint32_t>(slots.all().size()); slot-- > 0 && wanted != 0;) {
        if (slots.all()[slot].state != Slot_state::assigned || vain.contains(slot)) continue;
        XVM_TRY(slots.notify(slot, Slot_event::request));
        --wanted;
    }
    return {};
}

Status Block_engine::ask(const port::Memory_side& from, std::uint64_t leave_bytes) {
    XVM_TRY_LET(const auto info, port::living(domains_, from.id));
    if (!info) return gone(from.id);
    XVM_TRY_LET(Slots slots, Slots::read(store_, from.id.domid));
    XVM_TRY(tend(from.id, slots));
    XVM_TRY_LET(const bool heard, slots.heard());
    if (!heard) return {}; // released() says so
    asked_.insert(from.id);
    return request(from.id, slots, leave_bytes);
}

Status Block_engine::hear_ejections(const Domain_id& id, Slots& slots) {
    for (std::uint32_t slot = 0; slot < slots.all().size(); ++slot) {
        if (slots.all()[slot].state != Slot_state::eject_pending) continue;
        XVM_TRY_LET(const bool given, slots.given_back(slot));
        if (given) {
            XVM_TRY(slots.move(slot, Slot_event::eject));
            XVM_TRY(empty(id, slots, slot));
            continue;
        }
        XVM_TRY_LET(const auto word, slots.word_about(slot));
        // "Success" without an ejection is no more than a word.
        if (!word || meaning_of(*word) != Ost_meaning::failure) continue;
        XVM_TRY(slots.move(slot, Slot_event::refuse));
        Refusal& refusal = refusals_[id];
        refusal.slots.insert(slot);
        refusal.event = word->event;
        refusal.status = word->status;
    }
    return {};
}

Result<port::Memory_progress> Block_engine::refused(const Domain_id& id, const Slots& slots,
                                                    std::uint64_t memory_bytes, std::string why) const {
    XVM_TRY_LET(const bool heard, slots.heard());
    port::Memory_progress progress{memory_bytes, port::Memory_state::refused, 0, std::move(why)};
    if (!heard) {
        progress.status = XVM_MEM_OST_EJECT_UNSUPPORTED;
        progress.why = "nobody listens in the guest: its module xvm_mem is not loaded";
    } else if (const auto found = refusals_.find(id); found != refusals_.end() && found->second.event != 0) {
        progress.status = found->second.status;
        progress.why = words_of(found->second.event, found->second.status);
    }
    return progress;
}

Result<port::Memory_progress> Block_engine::released(const port::Memory_side& from,
                                                     std::uint64_t leave_bytes) {
    XVM_TRY_LET(const auto before, port::living(domains_, from.id));
    if (!before) return no_more();
    XVM_TRY_LET(Slots slots, Slots::read(store_, from.id.domid));
    XVM_TRY(tend(from.id, slots));
    XVM_TRY(slots.serve());
    XVM_TRY(hear_insertions(from.id, slots));
    XVM_TRY(hear_ejections(from.id, slots));
    // Another block may be easier to empty. One that needs its memory itself is left in peace.
    const auto refusal = refusals_.find(from.id);
    const bool starves = refusal != refusals_.end() && refusal->second.status != XVM_MEM_OST_EJECT_BUSY &&
                         refusal->second.event != 0;
    if (asked_.contains(from.id) && !starves) XVM_TRY(request(from.id, slots, leave_bytes));

    XVM_TRY_LET(const auto now, port::living(domains_, from.id));
    if (!now) return no_more();
    if (now->memory_bytes <= leave_bytes)
        return port::Memory_progress{now->memory_bytes, port::Memory_state::done, 0, {}};
    XVM_TRY_LET(const bool heard, slots.heard());
    const bool pending =
        slots.count(Slot_state::eject_pending) + slots.count(Slot_state::insert_pending) != 0;
    // A page of an ejected block that a backend still maps goes when that lets go of it.
    const bool coming =
        now->memory_bytes - leave_bytes < slots.layout().slot_bytes && asked_.contains(from.id);
    if (heard && (pending || coming))
        return port::Memory_progress{now->memory_bytes, port::Memory_state::working, 0, {}};
    return refused(from.id, slots, now->memory_bytes, "it has no more blocks to give");
}

Status Block_engine::withdraw(const port::Memory_side& from, std::uint64_t keep_bytes) {
    XVM_TRY_LET(const auto info, port::living(domains_, from.id));
    if (!info) return {};
    asked_.erase(from.id);
    XVM_TRY_LET(Slots slots, Slots::read(store_, from.id.domid));
    for (std::uint32_t slot = 0; slot < slots.all().size(); ++slot) {
        if (slots.all()[slot].state != Slot_state::eject_pending) continue;
        XVM_TRY_LET(const bool back, slots.take_back(slot, Slot_event::withdraw));
        // Too late: it was given back, and is Xen's now.
        if (!back) XVM_TRY(slots.move(slot, Slot_event::eject));
    }
    XVM_TRY(tend(from.id, slots));
    return domains_.set_memory_max(from.id.domid, keep_bytes);
}

// --- memory comes ----------------------------------------------------------------------------------------

Status Block_engine::fill(const Domain_id& id, Slots& slots, std::uint32_t slot) {
    const port::Frames frames = slots.layout().frames_of(slot);
    XVM_TRY(slots.move(slot, Slot_event::claim));
    const auto make = [&]() -> Status {
        XVM_TRY_LET(const std::uint64_t now, owned(id));
        XVM_TRY(domains_.claim_memory(id.domid, now + slots.layout().slot_bytes));
        XVM_TRY(domains_.fill_frames(id.domid, frames));
        return domains_.clear_frames(id.domid, frames);
    };
    if (Status made = make(); !made) {
        XVM_TRY(tend(id, slots));
        return made;
    }
    return slots.notify(slot, Slot_event::insert);
}

Status Block_engine::offer(const port::Memory_side& to, std::uint64_t have_bytes) {
    XVM_TRY_LET(const auto info, port::living(domains_, to.id));
    if (!info) return gone(to.id);
    XVM_TRY_LET(Slots slots, Slots::read(store_, to.id.domid));
    XVM_TRY(tend(to.id, slots));
    XVM_TRY_LET(const bool heard, slots.heard());
    if (!heard) return {}; // taken() says so
    XVM_TRY_LET(std::uint64_t now, owned(to.id));
    XVM_TRY(domains_.set_memory_max(to.id.domid, std::max(have_bytes, now)));
    const auto& vain = refusals_[to.id].slots;
    for (std::uint32_t slot = 0; slot < slots.all().size(); ++slot) {
        if (have_bytes < now || have_bytes - now < slots.layout().slot_bytes) return {};
        if (slots.all()[slot].state != Slot_state::free || vain.contains(slot)) continue;
        XVM_TRY(fill(to.id, slots, slot));
        XVM_TRY_LET(now, owned(to.id));
    }
    return {};
}

Status Block_engine::hear_insertions(const Domain_id& id, Slots& slots) {
    for (std::uint32_t slot = 0; slot < slots.all().size(); ++slot) {
        if (slots.all()[slot].state != Slot_state::insert_pending) continue;
        XVM_TRY_LET(const auto word, slots.word_about(slot));
        const Ost_meaning meaning = word ? meaning_of(*word) : Ost_meaning::progress;
        if (meaning == Ost_meaning::success) XVM_TRY(slots.move(slot, Slot_event::inserted));
        if (meaning != Ost_meaning::failure) continue;
        XVM_TRY_LET(const bool back, slots.take_back(slot, Slot_event::retract));
        if (!back) continue; // it has changed its mind
        XVM_TRY(empty(id, slots, slot));
        Refusal& refusal = refusals_[id];
        refusal.slots.insert(slot);
        refusal.event = word->event;
        refusal.status = word->status;
    }
    return {};
}

Result<port::Memory_progress> Block_engine::taken(const port::Memory_side& to, std::uint64_t have_bytes) {
    XVM_TRY_LET(const auto before, port::living(domains_, to.id));
    if (!before) return no_more();
    XVM_TRY_LET(Slots slots, Slots::read(store_, to.id.domid));
    XVM_TRY(tend(to.id, slots));
    XVM_TRY(slots.serve());
    XVM_TRY(hear_insertions(to.id, slots));
    XVM_TRY_LET(const auto now, port::living(domains_, to.id));
    if (!now) return no_more();
    const bool pending = slots.count(Slot_state::insert_pending) != 0;
    if (now->memory_bytes >= have_bytes && !pending)
        return port::Memory_progress{now->memory_bytes, port::Memory_state::done, 0, {}};
    XVM_TRY_LET(const bool heard, slots.heard());
    const auto refusal = refusals_.find(to.id);
    const bool said_no = refusal != refusals_.end() && refusal->second.event == XVM_MEM_NOTIFY_INSERT;
    const bool full = slots.count(Slot_state::free) == 0 && !pending;
    if (!heard || ((said_no || full) && !pending))
        return refused(to.id, slots, now->memory_bytes, "it has no free slot for another block");
    return port::Memory_progress{now->memory_bytes, port::Memory_state::working, 0, {}};
}

} // namespace xvm::memory
