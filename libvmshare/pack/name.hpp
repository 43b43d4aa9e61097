// SPDX-License-Identifier: Apache-2.0
// What an image may be called. An accepted name is one component of a path, on every system, and
// nothing a shell or a terminal reads as something else.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace xvm::pack {

/// Why `name` is refused, in words ("is empty", "holds '/'"), or nullopt if it is fine:
/// 1 to 95 of [A-Za-z0-9._-], neither "." nor "..".
[[nodiscard]] std::optional<std::string> name_fault(std::string_view name);

/// `text` fit for a message: printable ASCII as it is, every other byte as \xNN.
[[nodiscard]] std::string printable(std::string_view text);

} // namespace xvm::pack
