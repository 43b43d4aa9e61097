// SPDX-License-Identifier: Apache-2.0
// The slots of one guest in the store, and what the guest has written about them.
//
// Invariant: a slot's node is written before anything is done that it tells of, so that whoever comes after a
// crash knows how far it had come; and a notice is taken back only in a transaction with a look at whether
// the guest has fulfilled it, so that it is fulfilled or taken back, never both.
#pragma once

#include "libvmshare/base/ids.hpp"
#include "libvmshare/memory/message.hpp"
#include "libvmshare/memory/slot.hpp"
#include "libvmshare/port/domains.hpp"
#include "libvmshare/port/store.hpp"

#include <vector>

namespace xvm::memory {

/// Where the slots of a guest lie.
struct Layout {
    std::uint64_t base = 0; ///< address in the guest
    std::uint64_t slot_bytes = XVM_MEM_SLOT_BYTES;
    std::uint32_t slots = 0;
    bool operator==(const Layout&) const = default;

    [[nodiscard]] port::Frames frames_of(std::uint32_t slot) const noexcept;
};

/// The first address for slots of a guest that boots with so much memory and has its hole below 4 GiB.
[[nodiscard]] std::uint64_t base_beyond(std::uint64_t boot_bytes) noexcept;

class Slots {
  public:
    /// not_found: the guest has none. failed: dom0's own nodes are garbage.
    [[nodiscard]] static Result<Slots> read(port::Store& store, Domid domid);

    [[nodiscard]] const Layout& layout() const noexcept { return layout_; }
    [[nodiscard]] const std::vector<Slot>& all() const noexcept { return slots_; }
    [[nodiscard]] std::uint32_t count(Slot_state state) const noexcept;

    /// Whether a module listens that speaks our version.
    [[nodiscard]] Result<bool> heard() const;
    /// The guest's last word about the notice that stands for that slot; nothing: none yet, or garbage.
    [[nodiscard]] Result<std::optional<Ost>> word_about(std::uint32_t slot) const;
    /// The guest has fulfilled the eject request that stands.
    [[nodiscard]] Result<bool> given_back(std::uint32_t slot) const;

    /// The slot becomes next(slot, event), in the store and here; not a notice. XVM_ASSERT: it can.
    [[nodiscard]] Status move(std::uint32_t slot, Slot_event event);
    /// insert or request: the same, and the guest is told that there is a notice.
    [[nodiscard]] Status notify(std::uint32_t slot, Slot_event event);
    /// withdraw or retract, if the guest has not fulfilled or accepted it yet: true. False: it has, and the
    /// slot stays as it is.
    [[nodiscard]] Result<bool> take_back(std::uint32_t slot, Slot_event event);
    /// Answers the guest's query, if there is one that was not answered.
    [[nodiscard]] Status serve();

  private:
    Slots(port::Store& store, Domid domid, const Layout& layout)
        : store_(&store), domid_(domid), layout_(layout), slots_(layout.slots) {}

    [[nodiscard]] Result<std::optional<std::string>> text_at(const std::string& path,
                                                             port::Txn txn = port::Txn::none) const;
    [[nodiscard]] std::string host_node(std::string_view node) const;
    [[nodiscard]] std::string guest_node(std::string_view node) const;
    [[nodiscard]] Slot after(std::uint32_t slot, Slot_event event, std::uint32_t serial) const;
    /// Of the newest notice there was.
    [[nodiscard]] Result<std::uint32_t> newest() const;

    port::Store* store_;
    Domid domid_;
    Layout layout_;
    std::vector<Slot> slots_;
};

} // namespace xvm::memory
