// SPDX-License-Identifier: Apache-2.0
// The words that the generated headers use.
//
// Invariant: the names follow xenstore-schema/common.toml; a new one there does not compile until it
// stands here.
#pragma once

#include "libvmshare/base/ids.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace xvm::schema {

/// Who acts on the store.
enum class Party : std::uint8_t { toolstack, frontend, backend, guest, xenconsoled, timer, xl };

/// Whom a permission names: the guest that the directory belongs to, or dom0.
enum class Who : std::uint8_t { dom0, guest };
enum class Access : std::uint8_t { none, read, write, both };

/// Of a list, the first entry names the owner and what everybody else may do.
struct Permission {
    Who who;
    Access access;
    bool operator==(const Permission&) const = default;
};

/// Whom the permission names for the guest `guest`.
[[nodiscard]] constexpr Domid domid_of(Permission permission, Domid guest) noexcept {
    return permission.who == Who::guest ? guest : dom0;
}

/// "dir/node".
[[nodiscard]] inline std::string path(std::string_view dir, std::string_view node) {
    std::string whole(dir);
    whole += '/';
    whole += node;
    return whole;
}

} // namespace xvm::schema
