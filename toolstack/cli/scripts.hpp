// SPDX-License-Identifier: Apache-2.0
// Completion for shells, made from the model when the command is built.
#pragma once

#include <string_view>

namespace xvm::cli {

[[nodiscard]] std::string_view bash_completion() noexcept;
[[nodiscard]] std::string_view zsh_completion() noexcept;

} // namespace xvm::cli
