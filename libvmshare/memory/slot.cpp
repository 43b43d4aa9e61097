// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/memory/slot.hpp"

#include "libvmshare/abi/memory.h"
#include "libvmshare/base/assert.hpp"
#include "libvmshare/base/number.hpp"

#include <algorithm>
#include <array>

namespace xvm::memory {
namespace {

struct Rule {
    Slot_event event;
    Slot_state from;
    Slot_state to;
    bool notice; ///< it makes one: the serial becomes the slot's
    bool answer; ///< it is about one: the serial must be the slot's
};

constexpr std::array rules{
    Rule{Slot_event::claim, Slot_state::free, Slot_state::claimed, false, false},
    Rule{Slot_event::unclaim, Slot_state::claimed, Slot_state::free, false, false},
    Rule{Slot_event::insert, Slot_state::claimed, Slot_state::insert_pending, true, false},
    Rule{Slot_event::inserted, Slot_state::insert_pending, Slot_state::assigned, false, true},
    Rule{Slot_event::retract, Slot_state::insert_pending, Slot_state::ejected, false, true},
    Rule{Slot_event::request, Slot_state::assigned, Slot_state::eject_pending, true, false},
    Rule{Slot_event::refuse, Slot_state::eject_pending, Slot_state::assigned, false, true},
    Rule{Slot_event::withdraw, Slot_state::eject_pending, Slot_state::assigned, false, true},
    Rule{Slot_event::eject, Slot_state::eject_pending, Slot_state::ejected, false, true},
    Rule{Slot_event::emptied, Slot_state::ejected, Slot_state::free, false, false},
};

// In the order of Slot_state.
constexpr std::array<std::string_view, 6> words{XVM_MEM_FREE,           XVM_MEM_CLAIMED,
                                                XVM_MEM_INSERT_PENDING, XVM_MEM_ASSIGNED,
                                                XVM_MEM_EJECT_PENDING,  XVM_MEM_EJECTED};

} // namespace

std::optional<Slot> next(const Slot& slot, Slot_event event, std::uint32_t serial) noexcept {
    for (const Rule& rule : rules) {
        if (rule.event != event || rule.from != slot.state) continue;
        if (rule.answer && serial != slot.serial) return std::nullopt;
        return Slot{rule.to, rule.notice ? serial : slot.serial};
    }
    return std::nullopt;
}

std::string_view name_of(Slot_state state) noexcept {
    return words.at(static_cast<std::size_t>(state));
}

std::string text_of(const Slot& slot) {
    return std::string(name_of(slot.state)) + " " + std::to_string(slot.serial);
}

std::optional<Slot> parse_slot(std::string_view text) noexcept {
    const std::size_t space = text.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    const auto word = std::find(words.begin(), words.end(), text.substr(0, space));
    const auto serial = parse_number<std::uint32_t>(text.substr(space + 1));
    if (word == words.end() || !serial) return std::nullopt;
    return Slot{static_cast<Slot_state>(word - words.begin()), *serial};
}

} // namespace xvm::memory
