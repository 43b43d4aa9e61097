// SPDX-License-Identifier: Apache-2.0
// A slot of a guest, as the host has it: where a block of memory is on its way from one guest to another
// (docs/protocols/memory.md).
//
//   ASSIGNED → EJECT_PENDING → EJECTED → FREE → CLAIMED → INSERT_PENDING → ASSIGNED
//
// and back where a guest refuses, or is too late.
// Invariant: only next() makes a slot another one. Whatever a guest says about a notice that does not stand
// (any more) changes nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace xvm::memory {

enum class Slot_state : std::uint8_t {
    free,           ///< no memory, and nobody is asked
    claimed,        ///< it is being filled; the guest has no part in it
    insert_pending, ///< full; the guest was told
    assigned,       ///< the guest's
    eject_pending,  ///< the guest's, and it was asked to give it back
    ejected,        ///< the guest does not touch it any more; it is being emptied
};

struct Slot {
    Slot_state state = Slot_state::free;
    std::uint32_t serial = 0; ///< of the last notice about it
    bool operator==(const Slot&) const = default;
};

enum class Slot_event : std::uint8_t {
    claim,    ///< memory is promised to it
    unclaim,  ///< it could not be filled, and is empty again
    insert,   ///< full: the guest is told, by a notice
    inserted, ///< the guest uses it
    retract,  ///< the insertion is taken back, before the guest has accepted it or after it refused it
    request,  ///< the guest is asked to give it back, by a notice
    refuse,   ///< the guest keeps it
    withdraw, ///< the guest is not asked any more
    eject,    ///< the guest has given it back
    emptied,  ///< its memory was cleared and is Xen's
};

/// The slot after the event; nothing: that cannot happen to it now. `serial`: of the notice that the event
/// makes, or is about; an event about another notice than the last does not happen.
[[nodiscard]] std::optional<Slot> next(const Slot& slot, Slot_event event, std::uint32_t serial) noexcept;

/// Whether Xen counts a block of memory for it, once nothing is under way.
[[nodiscard]] constexpr bool has_memory(Slot_state state) noexcept {
    return state != Slot_state::free && state != Slot_state::claimed;
}

[[nodiscard]] std::string_view name_of(Slot_state state) noexcept;
/// "assigned 4", as the store has it.
[[nodiscard]] std::string text_of(const Slot& slot);
[[nodiscard]] std::optional<Slot> parse_slot(std::string_view text) noexcept;

} // namespace xvm::memory
