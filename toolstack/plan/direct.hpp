// SPDX-License-Identifier: Apache-2.0
// A physical device on its way between guests: what is to be done, and how far it has come.
//
// Invariant: a device goes through its phases in one order only (may_follow): stop and save, cut off, flip
// the pages, give, take, run. Nothing is skipped but what a device without a region does not have.
#pragma once

#include "libvmshare/base/result.hpp"

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace xvm::plan {

enum class Direct_phase : std::uint8_t {
    host,     ///< dom0's
    held,     ///< nobody's: quarantined, for guests
    assigned, ///< a guest's, which runs it
    stopped,  ///< at rest, its context saved; still that guest's
    cut,      ///< nobody's, on its way
    flipped,  ///< its pages belong to the next guest
    given,    ///< the next guest's, with registers and interrupt
    taken,    ///< the next guest has read the context, and waits to be told to run
};
BOOST_DESCRIBE_ENUM(Direct_phase, host, held, assigned, stopped, cut, flipped, given, taken)

[[nodiscard]] std::string_view name_of(Direct_phase phase) noexcept;
/// `fresh`: without anything that came along.
[[nodiscard]] bool may_follow(Direct_phase before, Direct_phase after, bool fresh) noexcept;

enum class Direct_engine : std::uint8_t { transfer, move };
BOOST_DESCRIBE_ENUM(Direct_engine, transfer, move)

/// A guest at one end; no uuid: there is none.
struct Direct_end {
    std::string name;
    std::string uuid;
    unsigned domid = 0;
    bool pv = false;
    bool operator==(const Direct_end&) const = default;
    [[nodiscard]] bool there() const noexcept { return !uuid.empty(); }
};
BOOST_DESCRIBE_STRUCT(Direct_end, (), (name, uuid, domid, pv))

struct Direct_order {
    std::string device; ///< its address
    Direct_end from;
    Direct_end to;
    Direct_engine engine = Direct_engine::transfer;
    std::int64_t limit_ms = 0; ///< for each acknowledgement
    bool force = false;        ///< a guest that does not stop it is not waited for
    bool to_host = false;      ///< released, it is dom0's again
    bool operator==(const Direct_order&) const = default;
};
BOOST_DESCRIBE_STRUCT(Direct_order, (), (device, from, to, engine, limit_ms, force, to_host))

/// What xvmd keeps of a device, as long as it is not simply dom0's.
struct Direct_record {
    std::string device;
    Direct_phase phase = Direct_phase::host;
    Direct_end holder;  ///< who has it; on its way: who had it
    std::string reason; ///< why it is where it is; empty: nothing to add
    std::uint32_t kind = 0;
    unsigned pirq = 0; ///< 0: none
    std::uint64_t pages = 0;
    std::string context;               ///< as it was saved last, in hexadecimal digits
    std::vector<std::uint64_t> frames; ///< of the region: what the source had, then what has come
    std::vector<std::uint64_t> room;   ///< where it comes to
    std::vector<std::uint32_t> refs;   ///< of the room
    std::uint64_t drain_us = 0;        ///< until the source had it at rest
    std::uint64_t outage_us = 0;       ///< from then on until the target ran it
    bool from_host = false;            ///< dom0's, before it was given
    bool lost = false;                 ///< context and buffers stayed behind
    bool operator==(const Direct_record&) const = default;
};
BOOST_DESCRIBE_STRUCT(Direct_record, (),
                      (device, phase, holder, reason, kind, pirq, pages, context, frames, room, refs,
                       drain_us, outage_us, from_host, lost))

} // namespace xvm::plan
