// SPDX-License-Identifier: Apache-2.0
#include "toolstack/balance/usage.hpp"

#include <algorithm>

namespace xvm::balance {

std::uint64_t used_bytes(const Guest_view& guest) noexcept {
    if (!guest.report) return guest.memory_bytes;
    const std::uint64_t available = std::min(guest.report->available_bytes, guest.memory_bytes);
    return std::clamp(guest.report->working_set_bytes, guest.memory_bytes - available, guest.memory_bytes);
}

bool is_pressed(const Guest_view& guest) noexcept {
    if (!guest.report || guest.report->some_centipercent < pressed_centipercent) return false;
    const std::uint64_t used = used_bytes(guest);
    return guest.memory_bytes - used < cushion_bytes(used) / 2;
}

std::uint64_t held_bytes(const Guest_view& guest) noexcept {
    if (!guest.report) return 0;
    const std::uint64_t held =
        guest.memory_bytes - std::min(guest.report->available_bytes, guest.memory_bytes);
    return held + cushion_bytes(held) / 2;
}

std::uint64_t need_bytes(const Guest_view& guest) noexcept {
    const std::uint64_t most = std::max(guest.min_bytes, guest.max_bytes);
    if (!guest.report)
        return std::clamp(guest.home_bytes > 0 ? guest.home_bytes : guest.memory_bytes, guest.min_bytes,
                          most);
    const std::uint64_t used = used_bytes(guest);
    std::uint64_t need = used + cushion_bytes(used);
    if (is_pressed(guest)) need = std::max(need, guest.memory_bytes + guest.memory_bytes / 8);
    return std::clamp(need, guest.min_bytes, most);
}

} // namespace xvm::balance
