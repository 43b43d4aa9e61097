// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/memory/slots.hpp"

#include "libvmshare/base/assert.hpp"
#include "libvmshare/base/number.hpp"
#include "libvmshare/port/grants.hpp"
#include "xenstore-schema/nodes.hpp"

#include <algorithm>

namespace xvm::memory {

namespace host = schema::xvmem::host;
namespace guest = schema::xvmem::guest;

namespace {

/// Serials count up and wrap.
bool later(std::uint32_t one, std::uint32_t other) noexcept {
    return static_cast<std::int32_t>(one - other) > 0;
}

bool is_notice(Slot_event event) noexcept {
    return event == Slot_event::insert || event == Slot_event::request;
}

Error garbage(const std::string& path) {
    return {Fault::failed, path, "is not as xvmd writes it", "restart the guest"};
}

} // namespace

port::Frames Layout::frames_of(std::uint32_t slot) const noexcept {
    return {(base + slot * slot_bytes) / port::page_bytes, slot_bytes / port::page_bytes};
}

std::uint64_t base_beyond(std::uint64_t boot_bytes) noexcept {
    // Of memory that does not fit below the hole, the rest lies from 4 GiB on: less than all of it.
    const std::uint64_t end = XVM_MEM_BASE_MIN + boot_bytes;
    if (boot_bytes <= XVM_MEM_BASE_MIN / 2) return XVM_MEM_BASE_MIN;
    return (end + XVM_MEM_SLOT_BYTES - 1) / XVM_MEM_SLOT_BYTES * XVM_MEM_SLOT_BYTES;
}

std::string Slots::host_node(std::string_view node) const {
    return host::dir(domid_) + "/" + std::string(node);
}

std::string Slots::guest_node(std::string_view node) const {
    return guest::dir(domid_) + "/" + std::string(node);
}

Result<std::optional<std::string>> Slots::text_at(const std::string& path, port::Txn txn) const {
    auto text = store_->read(path, txn);
    if (text) return std::optional(std::move(*text));
    if (text.error().fault == Fault::not_found) return std::optional<std::string>();
    return tl::unexpected(std::move(text.error()));
}

Result<Slots> Slots::read(port::Store& store, Domid domid) {
    const std::string dir = host::dir(domid);
    const auto node = [&](std::string_view name) { return dir + "/" + std::string(name); };
    const std::vector<std::string> paths{node(host::version), node(host::base), node(host::slot_bytes),
                                         node(host::slots)};
    XVM_TRY_LET(const auto texts, store.read_all(paths));
    if (!texts[0])
        return fail(Fault::not_found, "domain " + std::to_string(number(domid)),
                    "has no slots for blocks of memory", "set memory_engine = \"block\" when it is created");
    const auto number_at = [&](std::size_t i) {
        return texts[i] ? parse_number<std::uint64_t>(*texts[i]) : std::nullopt;
    };
    const auto base = number_at(1);
    const auto slot_bytes = number_at(2);
    const auto count = number_at(3);
    if (*texts[0] != std::to_string(XVM_MEM_VERSION) || !base || !slot_bytes || !count || *slot_bytes == 0 ||
        *slot_bytes % port::page_bytes != 0 || *count > XVM_MEM_SLOTS_MAX)
        return tl::unexpected(garbage(dir));
    Slots slots(store, domid, {*base, *slot_bytes, static_cast<std::uint32_t>(*count)});

    std::vector<std::string> words;
    words.reserve(*count);
    for (std::uint32_t i = 0; i < *count; ++i)
        words.push_back(node(host::slot(i)));
    XVM_TRY_LET(const auto states, store.read_all(words));
    for (std::uint32_t i = 0; i < *count; ++i) {
        if (!states[i]) continue;
        const auto slot = parse_slot(*states[i]);
        if (!slot) return tl::unexpected(garbage(words[i]));
        slots.slots_[i] = *slot;
    }
    return slots;
}

std::uint32_t Slots::count(Slot_state state) const noexcept {
    return static_cast<std::uint32_t>(
        std::count_if(slots_.begin(), slots_.end(), [&](const Slot& slot) { return slot.state == state; }));
}

Result<bool> Slots::heard() const {
    XVM_TRY_LET(const auto text, text_at(guest_node(guest::version)));
    return text == std::to_string(XVM_MEM_VERSION);
}

Result<std::optional<Ost>> Slots::word_about(std::uint32_t slot) const {
    XVM_TRY_LET(const auto text, text_at(guest_node(guest::ost(slot))));
    if (!text) return std::optional<Ost>();
    const auto ost = parse_ost(*text);
    const Slot& now = slots_.at(slot);
    const bool insertion = now.state == Slot_state::insert_pending;
    if (!ost || ost->serial != now.serial ||
        ost->event != (insertion ? XVM_MEM_NOTIFY_INSERT : XVM_MEM_NOTIFY_EJECT))
        return std::optional<Ost>();
    return ost;
}

Result<bool> Slots::given_back(std::uint32_t slot) const {
    XVM_TRY_LET(const auto text, text_at(guest_node(guest::eject(slot))));
    const Slot& now = slots_.at(slot);
    return now.state == Slot_state::eject_pending && text && parse_u32(*text) == now.serial;
}

Slot Slots::after(std::uint32_t slot, Slot_event event, std::uint32_t serial) const {
    const auto then = next(slots_.at(slot), event, serial);
    XVM_ASSERT(then.has_value());
    return *then;
}

Status Slots::move(std::uint32_t slot, Slot_event event) {
    XVM_ASSERT(!is_notice(event));
    const Slot then = after(slot, event, slots_.at(slot).serial);
    XVM_TRY(store_->write(host_node(host::slot(slot)), text_of(then)));
    slots_[slot] = then;
    return {};
}

Result<std::uint32_t> Slots::newest() const {
    XVM_TRY_LET(const auto text, text_at(host_node(host::event)));
    return text ? parse_u32(*text).value_or(0) : 0;
}

Status Slots::notify(std::uint32_t slot, Slot_event event) {
    XVM_ASSERT(is_notice(event));
    XVM_TRY_LET(const std::uint32_t last, newest());
    const Slot then = after(slot, event, last + 1);
    // Together: a guest that sees one of the two sees both.
    const auto both = [&](port::Txn txn) -> Status {
        XVM_TRY(store_->write(host_node(host::slot(slot)), text_of(then), txn));
        return store_->write(host_node(host::event), std::to_string(then.serial), txn);
    };
    XVM_TRY(port::transact(*store_, both));
    slots_[slot] = then;
    return {};
}

Result<bool> Slots::take_back(std::uint32_t slot, Slot_event event) {
    const bool retract = event == Slot_event::retract;
    const std::uint32_t serial = slots_.at(slot).serial;
    const Slot then = after(slot, event, serial);
    bool too_late = false;
    const auto look_and_write = [&](port::Txn txn) -> Status {
        // Reading it makes the commit fail when the guest writes it meanwhile.
        XVM_TRY_LET(const auto text,
                    text_at(guest_node(retract ? guest::ost(slot) : guest::eject(slot)), txn));
        if (retract) {
            const auto ost = text ? parse_ost(*text) : std::nullopt;
            too_late = ost && ost->serial == serial && ost->event == XVM_MEM_NOTIFY_INSERT &&
                       meaning_of(*ost) != Ost_meaning::failure;
        } else {
            too_late = text && parse_u32(*text) == serial;
        }
        return too_late ? Status{} : store_->write(host_node(host::slot(slot)), text_of(then), txn);
    };
    XVM_TRY(port::transact(*store_, look_and_write));
    if (!too_late) slots_[slot] = then;
    return !too_late;
}

Status Slots::serve() {
    XVM_TRY_LET(const auto asked, text_at(guest_node(guest::query)));
    const auto query = asked ? parse_query(*asked) : std::nullopt;
    if (!query) return {};
    XVM_TRY_LET(const auto answered, text_at(host_node(host::answer)));
    const auto last = answered ? parse_answer(*answered) : std::nullopt;
    if (last && last->query == query->number) return {};

    XVM_TRY_LET(const std::uint32_t newest_serial, newest());
    Answer answer{query->number, XVM_MEM_NOTIFY_NONE, 0, newest_serial};
    // The oldest notice that stands and that it has not seen an answer about: one may have got lost.
    for (std::uint32_t i = 0; i < slots_.size(); ++i) {
        const auto [state, serial] = slots_[i];
        const bool insertion = state == Slot_state::insert_pending;
        if (!insertion && state != Slot_state::eject_pending) continue;
        if (!later(serial, query->told)) continue;
        if (answer.code != XVM_MEM_NOTIFY_NONE && later(serial, answer.serial)) continue;
        answer = {query->number, insertion ? XVM_MEM_NOTIFY_INSERT : XVM_MEM_NOTIFY_EJECT, i, serial};
    }
    return store_->write(host_node(host::answer), text_of(answer));
}

} // namespace xvm::memory
