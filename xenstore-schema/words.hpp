// SPDX-License-Identifier: Apache-2.0
// How findings speak of the schema.
#pragma once

#include "xenstore-schema/row.hpp"

#include <string>
#include <string_view>

namespace xvm::schema {

/// What a domain of xvmd's pool is called until it is a guest. No guest can have this name. What hangs on a
/// uuid is missing in its home until then.
inline constexpr std::string_view shell_name = "(shell)";

[[nodiscard]] constexpr std::string_view name(Party party) noexcept {
    switch (party) {
    case Party::toolstack:
        return "toolstack";
    case Party::frontend:
        return "frontend";
    case Party::backend:
        return "backend";
    case Party::guest:
        return "guest";
    case Party::xenconsoled:
        return "xenconsoled";
    case Party::timer:
        return "timer";
    case Party::xl:
        return "xl";
    }
    return "?";
}

/// "xvbd.toml: frontend: The guest's side."
[[nodiscard]] inline std::string schema_line(const Directory_row& directory) {
    return std::string(directory.file) + ": " + std::string(directory.name) + ": " +
           std::string(directory.path);
}

/// "xvbd.toml: frontend/ring-pages: Pages of the ring."
[[nodiscard]] inline std::string schema_line(const Directory_row& directory, const Node_row& node) {
    return std::string(directory.file) + ": " + std::string(directory.name) + "/" + std::string(node.path) +
           ": " + std::string(node.doc);
}

} // namespace xvm::schema
