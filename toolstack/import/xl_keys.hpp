// SPDX-License-Identifier: Apache-2.0
// Every key that xl reads, and what the import does about it. A key that is not here is none of xl's.
#pragma once

#include <span>
#include <string_view>

namespace xvm::import {

enum class Treatment {
    carried,  ///< it becomes a key of xvm.toml
    hvm_only, ///< xl itself ignores it for PV and PVH guests
    left_out, ///< the guest runs without it; a warning
    refused,  ///< without it the guest would be another machine; an error
};

struct Xl_key {
    std::string_view name;
    Treatment treatment;
    std::string_view why; ///< of left_out and refused: what is lost; what to do instead
    std::string_view remedy;
};

[[nodiscard]] std::span<const Xl_key> xl_keys() noexcept;
[[nodiscard]] const Xl_key* find_key(std::string_view name) noexcept;
/// A known name near to it, or empty.
[[nodiscard]] std::string_view near_key(std::string_view name);

} // namespace xvm::import
