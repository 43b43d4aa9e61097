// SPDX-License-Identifier: Apache-2.0
// Plans that change a guest's memory and processors while it runs.
#pragma once

#include "toolstack/plan/plan_life.hpp"

#include <optional>

namespace xvm::plan {

/// Below this no Linux lives for long.
inline constexpr std::uint64_t memory_floor_bytes = 32ULL << 20;

struct Memory_order {
    std::uint64_t to_bytes = 0;
    std::uint64_t from_bytes = 0;                  ///< what it is asked to have by now
    std::uint64_t from_max_bytes = 0;              ///< Xen's limit by now
    std::optional<std::chrono::milliseconds> wait; ///< for the guest to have done it, or it is taken back
};
/// What the guest can be asked to have, at the most: a PVH guest only what it started with.
[[nodiscard]] std::uint64_t memory_most_bytes(const Guest_config& config);
/// usage: too little, or too much.
[[nodiscard]] Status check_memory(const Guest_config& config, std::uint64_t to_bytes);
[[nodiscard]] Plan plan_memory(const Guest_ref& guest, const Memory_order& order);

/// The guest is to use its first `count` processors.
[[nodiscard]] Plan plan_vcpus(const Guest_ref& guest, unsigned vcpus, unsigned count,
                              const std::vector<unsigned>& offline_before);

struct Pin {
    unsigned vcpu = 0;
    bool soft = false;          ///< there rather than elsewhere, or there only
    std::vector<unsigned> cpus; ///< none: all
    std::vector<unsigned> before;
};
[[nodiscard]] Plan plan_pin(const Guest_ref& guest, const std::vector<Pin>& pins);

/// The changes as they are with these pins, too.
[[nodiscard]] Guest_changes with_pins(Guest_changes changes, const std::vector<Pin>& pins);
/// Its last step: what was changed is kept with the guest's configuration, for its next start.
void add_keeping(Plan& plan, const Guest_changes& before, const Guest_changes& after);

} // namespace xvm::plan
