// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/base/ids.hpp"

#include "libvmshare/base/assert.hpp"
#include "libvmshare/base/number.hpp"

#include <sys/random.h>

namespace xvm {
namespace {

constexpr std::string_view hex = "0123456789abcdef";

int hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool dash_before_byte(std::size_t index) noexcept {
    return index == 4 || index == 6 || index == 8 || index == 10;
}

} // namespace

Uuid Uuid::random() {
    Uuid uuid;
    // 16 bytes never come short once the kernel's pool is ready, and getrandom waits for that.
    const ssize_t got = ::getrandom(uuid.bytes.data(), uuid.bytes.size(), 0);
    XVM_ASSERT(got == static_cast<ssize_t>(uuid.bytes.size()));
    uuid.bytes[6] = static_cast<std::uint8_t>((uuid.bytes[6] & 0x0f) | 0x40); // RFC 9562: version 4
    uuid.bytes[8] = static_cast<std::uint8_t>((uuid.bytes[8] & 0x3f) | 0x80); //           variant 10
    return uuid;
}

std::optional<Uuid> Uuid::parse(std::string_view text) noexcept {
    Uuid uuid;
    std::size_t at = 0;
    for (std::size_t i = 0; i < uuid.bytes.size(); ++i) {
        if (dash_before_byte(i)) {
            if (at >= text.size() || text[at] != '-') return std::nullopt;
            ++at;
        }
        if (text.size() < at + 2) return std::nullopt;
        const int high = hex_value(text[at]);
        const int low = hex_value(text[at + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        uuid.bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
        at += 2;
    }
    if (at != text.size()) return std::nullopt;
    return uuid;
}

std::string Uuid::text() const {
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (dash_before_byte(i)) out += '-';
        out += hex[bytes[i] >> 4];
        out += hex[bytes[i] & 15];
    }
    return out;
}

std::optional<Domid> parse_domid(std::string_view text) noexcept {
    const auto value = parse_number<std::uint16_t>(text);
    if (!value || *value >= domid_first_reserved) return std::nullopt;
    return Domid{*value};
}

} // namespace xvm
