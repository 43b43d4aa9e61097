// SPDX-License-Identifier: Apache-2.0
// A state as the text of its node, and back. Anybody may have written the text.
#pragma once

#include "libvmshare/base/number.hpp"
#include "xenstore-schema/states.hpp"

#include <string>

namespace xvm::schema {

/// The state a value names; unknown if it names none.
[[nodiscard]] inline Device_state state_of(std::string_view value) noexcept {
    const auto number = parse_number<std::uint8_t>(value);
    if (!number || *number > static_cast<std::uint8_t>(Device_state::closed)) return Device_state::unknown;
    return static_cast<Device_state>(*number);
}

[[nodiscard]] inline std::string text_of(Device_state state) {
    return std::to_string(static_cast<unsigned>(state));
}

} // namespace xvm::schema
