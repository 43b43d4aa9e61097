// SPDX-License-Identifier: Apache-2.0
// What the broker lets the management service order. The service is not believed: of an order every step, its
// place, its arguments and its undo are held against what the request it answers can take, at the most.
//
// Invariant: what passes is about the guest of the request and no other; makes, if anything, one guest within
// the limits, whose files lie below allowed directories; and its steps are those, in that order, with those
// undos, that leave nothing behind when one of them fails. What may be ordered is said here anew: nothing of
// toolstack/plan's own plans is taken for granted.
#pragma once

#include "toolstack/plan/config.hpp"
#include "toolstack/plan/plan.hpp"

#include <chrono>
#include <optional>

namespace xvm::policy {

struct Limits {
    /// Absolute, without a slash at the end. A link below one leads where it leads: who may write there is
    /// trusted with that.
    std::vector<std::string> roots{"/boot", "/home", "/media", "/mnt", "/opt",
                                   "/root", "/srv",  "/tmp",   "/usr", "/var"};
    std::uint64_t memory_bytes = 1ULL << 44;
    unsigned vcpus = 512;
    std::size_t disks = 16;
    std::size_t nets = 16;
    std::size_t command_line_bytes = 4096;
    std::chrono::milliseconds wait = std::chrono::hours(24); ///< for a guest to do as it is asked
};

/// The request that an order answers, as the broker knows it by itself.
struct Subject {
    std::string verb;          ///< the model's id: "create"
    std::string name;          ///< of the guest; empty: the configuration names the one to be made
    Uuid uuid;                 ///< of the guest; for the one to be made, chosen by the broker
    bool paused = false;       ///< of the one to be made
    std::string new_name = {}; ///< of "rename"
    /// What becomes of the guest that is asked to stop.
    plan::On_stop on_stop = plan::On_stop::destroy;
};

/// Whether orders for this verb can be checked at all; those for others are never let through.
[[nodiscard]] bool knows(std::string_view verb) noexcept;

/// denied: which step, and why.
[[nodiscard]] Status check(const plan::Plan& order, const Subject& subject, const Limits& limits);

/// denied: what of the guest goes beyond the limits.
[[nodiscard]] Status check_guest(const plan::Guest_config& guest, const Limits& limits);

/// Whether the path is absolute, plain (no "..", no empty part), and below one of the roots.
[[nodiscard]] bool below(std::string_view path, const std::vector<std::string>& roots) noexcept;

} // namespace xvm::policy
