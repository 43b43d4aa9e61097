// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/direct.hpp"

#include <charconv>
#include <fmt/format.h>

namespace xvm::port {
namespace {

constexpr std::uint8_t slot_max = 31;
constexpr std::uint8_t function_max = 7;

/// Exactly `digits` hexadecimal ones at the front of `text`, which loses them.
template <class T>
bool take(std::string_view& text, std::size_t digits, T& out) noexcept {
    if (text.size() < digits) return false;
    const char* const end = text.data() + digits;
    const auto [stop, error] = std::from_chars(text.data(), end, out, 16);
    text.remove_prefix(digits);
    return error == std::errc{} && stop == end;
}

bool take(std::string_view& text, char sign) noexcept {
    if (text.empty() || text.front() != sign) return false;
    text.remove_prefix(1);
    return true;
}

} // namespace

std::string Pci_address::text() const {
    return fmt::format("{:04x}:{:02x}:{:02x}.{:x}", segment, bus, slot, function);
}

std::uint32_t Pci_address::number() const noexcept {
    return (std::uint32_t{segment} << 16) | (std::uint32_t{bus} << 8) | (std::uint32_t{slot} << 3) | function;
}

std::optional<Pci_address> Pci_address::parse(std::string_view text) noexcept {
    constexpr std::string_view without_segment = "00:10.0";
    Pci_address address;
    if (text.size() != without_segment.size() && !(take(text, 4, address.segment) && take(text, ':')))
        return std::nullopt;
    const bool whole = take(text, 2, address.bus) && take(text, ':') && take(text, 2, address.slot) &&
                       take(text, '.') && take(text, 1, address.function) && text.empty();
    if (!whole || address.slot > slot_max || address.function > function_max) return std::nullopt;
    return address;
}

} // namespace xvm::port
