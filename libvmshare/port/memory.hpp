// SPDX-License-Identifier: Apache-2.0
// How memory leaves a running guest and reaches another: what every engine of it does. BALLOON asks the
// guest's stock driver; BLOCK asks our module, block by block (docs/protocols/memory.md).
//
// Contract:
// - All amounts are absolute: what the guest is to own, never a difference. Every call can be repeated, by
//   the same process or the next one, which has no more than the Memory_side that the first wrote down.
// - Nothing waits. ask() and offer() say what is wanted; released() and taken() say how far it has come, and
//   do what is the engine's part in between (check what the guest answered, free or fill a block).
// - Xen's count of a domain's pages is the truth on both sides; what a guest says moves nothing by itself.
// - What has left a guest is free, and no other domain could read what was in it.
// - After withdraw() and a last released(), nothing of what was asked goes on by itself: a late answer
//   changes nothing, or is seen by the next released().
// - Of one guest one operation at a time; the caller sees to that.
#pragma once

#include "libvmshare/base/ids.hpp"
#include "libvmshare/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace xvm::port {

enum class Memory_kind : std::uint8_t { balloon, block };
[[nodiscard]] constexpr std::string_view name_of(Memory_kind kind) noexcept {
    return kind == Memory_kind::balloon ? "balloon" : "block";
}

/// A guest as it was before anything was asked of it: what "back to where it was" means.
struct Memory_side {
    Domain_id id;
    std::uint64_t memory_bytes = 0; ///< it owned, by Xen's count
    std::uint64_t target_bytes = 0; ///< its balloon driver was asked to have
    std::uint64_t limit_bytes = 0;  ///< it could own at most, as set_memory_max() takes it
    bool operator==(const Memory_side&) const = default;
};

enum class Memory_state : std::uint8_t {
    working, ///< not there yet; it may still come, or never
    done,    ///< it owns what was last asked or offered
    refused, ///< it said no (`status`), and gives or takes no more of what was asked
    gone,    ///< there is no such domain any more, or it is dying
};

struct Memory_progress {
    std::uint64_t memory_bytes = 0; ///< what it owns now; 0 when gone
    Memory_state state = Memory_state::working;
    unsigned status = 0; ///< ACPI's _OST status of a refusal; 0: none was given
    std::string why;     ///< of a refusal, in words; may be empty
    bool operator==(const Memory_progress&) const = default;
};

class Memory_engine {
  public:
    virtual ~Memory_engine() = default;

    [[nodiscard]] virtual Memory_kind kind() const noexcept = 0;
    /// What amounts have to be multiples of for this guest: a page, or a block.
    [[nodiscard]] virtual Result<std::uint64_t> granularity_bytes(const Domain_id& id) = 0;
    /// The guest as it is. not_found: there is none.
    [[nodiscard]] virtual Result<Memory_side> look(const Domain_id& id) = 0;

    /// The guest is to come down to `leave_bytes`. not_found: it is gone.
    [[nodiscard]] virtual Status ask(const Memory_side& from, std::uint64_t leave_bytes) = 0;
    /// How far it is with that. An Error is the host's, never the guest's.
    [[nodiscard]] virtual Result<Memory_progress> released(const Memory_side& from,
                                                           std::uint64_t leave_bytes) = 0;
    /// It is not asked any more, and Xen lets it own `keep_bytes` and no more: what it has, or what it had,
    /// when what it gave up is to be given back with offer() afterwards. A guest that is gone is no error.
    [[nodiscard]] virtual Status withdraw(const Memory_side& from, std::uint64_t keep_bytes) = 0;

    /// The guest may now own `have_bytes`, and is told. Of memory that is free by now; called again with
    /// more as more gets free. not_found: it is gone; exhausted: so much is not free.
    [[nodiscard]] virtual Status offer(const Memory_side& to, std::uint64_t have_bytes) = 0;
    /// How far it is with that.
    [[nodiscard]] virtual Result<Memory_progress> taken(const Memory_side& to, std::uint64_t have_bytes) = 0;
};

} // namespace xvm::port
