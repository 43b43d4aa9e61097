// SPDX-License-Identifier: Apache-2.0
// Plans that move memory: between two running guests, between a guest and what is free, and from several to
// one that is about to be made.
#pragma once

#include "toolstack/plan/plan_life.hpp"

#include <boost/describe/class.hpp>
#include <optional>

namespace xvm::plan {

/// A guest as it was before the plan, and what it is to have afterwards. Bytes.
struct Memory_end {
    std::string name;
    std::string uuid;
    unsigned domid = 0;
    std::string engine; ///< "balloon", "block"
    std::uint64_t memory_bytes = 0;
    std::uint64_t target_bytes = 0;
    std::uint64_t limit_bytes = 0;
    std::uint64_t to_bytes = 0;
    std::uint64_t least_bytes = 0; ///< a giver's, if it may stand in for another; 0: it may not
    std::uint64_t step_bytes = 0;  ///< and then it gives whole ones of these
    bool operator==(const Memory_end&) const = default;
};
BOOST_DESCRIBE_STRUCT(Memory_end, (),
                      (name, uuid, domid, engine, memory_bytes, target_bytes, limit_bytes, to_bytes,
                       least_bytes, step_bytes))

/// `taker`: none where memory becomes free, or is for a guest that is made by the same plan.
struct Move_order {
    std::string reservation;      ///< a uuid of its own
    std::string what;             ///< for people
    std::string for_uuid;         ///< whose it is to be
    std::uint64_t free_bytes = 0; ///< of what is free, in addition to what is given
    std::vector<Memory_end> givers;
    std::vector<Memory_end> taker; ///< one or none
    std::int64_t limit_ms = 0;
    bool partial = false; ///< what has moved stays moved, whatever happens then
    bool operator==(const Move_order&) const = default;
};
BOOST_DESCRIBE_STRUCT(Move_order, (),
                      (reservation, what, for_uuid, free_bytes, givers, taker, limit_ms, partial))

/// What Xen takes beside a guest's own memory: for its structures, and a PVH guest's page tables (libxl's
/// rule, as libvmshare/port/xen has it: 1 MiB a processor and 8 KiB for each MiB it may have).
[[nodiscard]] std::uint64_t memory_overhead_bytes(const Guest_config& guest) noexcept;

/// "memory move"; `about`: a guest that is there and whose plan it is, the giver if there is one.
[[nodiscard]] Plan plan_move(const Guest_ref& about, const Move_order& order);

/// A plan_create() with what its guest lacks taken from others, while images are read and the domain is made.
/// When the guest has ended, they get it back.
[[nodiscard]] Plan reclaiming(Plan create, const Move_order& order);

/// A guest whose memory went to one that has ended gets it back, of what is free; as far as it takes it.
[[nodiscard]] Plan plan_return(const Guest_ref& lender, const std::string& borrower_uuid,
                               std::uint64_t paid_bytes, const Move_order& order);

} // namespace xvm::plan
