// SPDX-License-Identifier: Apache-2.0
#include "toolstack/plan/names.hpp"

#include "libvmshare/base/ids.hpp"
#include "libvmshare/base/number.hpp"
#include "libvmshare/pack/sha256.hpp"

#include <array>
#include <cstdio>

namespace xvm::plan {
namespace {

constexpr std::size_t name_bytes_max = 64;
constexpr std::uint32_t first_devid = 202u << 8;
constexpr std::uint32_t minors = 16; // of a disk; 0 is the whole
constexpr std::string_view digits = "0123456789";
constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

} // namespace

std::optional<std::string> domain_name_fault(std::string_view name) {
    const std::string first = std::string(letters) + std::string(digits);
    if (name.empty()) return "is empty";
    if (name.size() > name_bytes_max) return "is longer than 64 characters";
    if (name.find_first_not_of(first + "._-") != std::string_view::npos)
        return "may hold letters, digits, '.', '_' and '-' only";
    if (first.find(name.front()) == std::string::npos) return "must start with a letter or a digit";
    if (name.find_first_not_of(digits) == std::string_view::npos)
        return "is all digits, which would be taken for a domain number";
    if (Uuid::parse(name)) return "has the form of a uuid";
    if (name == "Domain-0") return "belongs to the control domain";
    return std::nullopt;
}

std::optional<std::uint32_t> disk_devid(std::string_view dev) noexcept {
    if (dev.size() < 4 || !dev.starts_with("xvd") || dev[3] < 'a' || dev[3] > 'p') return std::nullopt;
    const std::uint32_t whole = first_devid + minors * static_cast<std::uint32_t>(dev[3] - 'a');
    if (dev.size() == 4) return whole;
    const auto part = parse_number<std::uint32_t>(dev.substr(4));
    if (!part || *part == 0 || *part >= minors || dev[4] == '0') return std::nullopt;
    return whole + *part;
}

bool is_part(std::uint32_t devid) noexcept {
    return devid % minors != 0;
}

bool overlap(std::uint32_t one, std::uint32_t other) noexcept {
    return one / minors == other / minors && (one == other || !is_part(one) || !is_part(other));
}

std::string disk_name(std::uint32_t devid) {
    if (devid < first_devid || devid >= first_devid + minors * 16) return std::to_string(devid);
    const std::string whole = std::string("xvd") + static_cast<char>('a' + (devid - first_devid) / minors);
    return is_part(devid) ? whole + std::to_string(devid % minors) : whole;
}

std::optional<std::string> parse_mac(std::string_view text) {
    constexpr std::size_t length = 17;
    constexpr std::string_view hex = "0123456789abcdef";
    if (text.size() != length) return std::nullopt;
    std::string mac(text);
    for (std::size_t i = 0; i < length; ++i) {
        char& c = mac[i];
        if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
        if (i % 3 == 2 ? c != ':' : hex.find(c) == std::string_view::npos) return std::nullopt;
    }
    if (hex.find(mac[1]) % 2 != 0 || mac == "00:00:00:00:00:00") return std::nullopt;
    return mac;
}

std::string made_up_mac(std::string_view guest, std::uint32_t devid) {
    const std::string seed = std::string(guest) + '/' + std::to_string(devid);
    const auto sum = pack::sha256(std::as_bytes(std::span(seed)));
    const auto byte = [&](std::size_t i) { return static_cast<unsigned>(sum[i]); };
    std::array<char, 18> text{};
    std::snprintf(text.data(), text.size(), "00:16:3e:%02x:%02x:%02x", byte(0) & 0x7f, byte(1), byte(2));
    return text.data();
}

std::optional<std::string> bridge_name_fault(std::string_view name) {
    constexpr std::size_t bytes_max = 15; // the kernel's IFNAMSIZ, with its end
    if (name.empty()) return "is empty";
    if (name.size() > bytes_max) return "is longer than 15 characters";
    for (const char c : name)
        if (c == '/' || c == ':' || c <= ' ' || c == 0x7f)
            return "may hold no '/', ':', blanks or control characters";
    if (name == "." || name == "..") return "is no name of an interface";
    return std::nullopt;
}

} // namespace xvm::plan
