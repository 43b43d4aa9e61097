// SPDX-License-Identifier: Apache-2.0
// The names of things at the hypervisor. Each is a type of its own, so that a grant reference is
// never passed for a port. A domid alone names nobody for long (Xen gives it out again): whatever
// outlives one call names a domain by Domain_id.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace xvm {

enum class Domid : std::uint16_t {};
enum class Gref : std::uint32_t {};
enum class Evtchn_port : std::uint32_t {};

constexpr Domid dom0{0};
/// Xen keeps 0x7ff0 and above for itself.
constexpr std::uint16_t domid_first_reserved = 0x7ff0;

[[nodiscard]] constexpr std::uint16_t number(Domid id) noexcept {
    return static_cast<std::uint16_t>(id);
}
[[nodiscard]] constexpr std::uint32_t number(Gref ref) noexcept {
    return static_cast<std::uint32_t>(ref);
}
[[nodiscard]] constexpr std::uint32_t number(Evtchn_port port) noexcept {
    return static_cast<std::uint32_t>(port);
}

/// 128 bits that name a domain for good; what Xen calls its handle.
struct Uuid {
    std::array<std::uint8_t, 16> bytes{};
    auto operator<=>(const Uuid&) const = default;

    /// A random (version 4) uuid, from the kernel's random source.
    [[nodiscard]] static Uuid random();
    /// From "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", upper or lower case; nothing else is accepted.
    [[nodiscard]] static std::optional<Uuid> parse(std::string_view text) noexcept;
    [[nodiscard]] std::string text() const;
};

struct Domain_id {
    Domid domid{};
    Uuid uuid;
    auto operator<=>(const Domain_id&) const = default;
};

/// A domid from decimal text: digits only, below domid_first_reserved.
[[nodiscard]] std::optional<Domid> parse_domid(std::string_view text) noexcept;

} // namespace xvm
