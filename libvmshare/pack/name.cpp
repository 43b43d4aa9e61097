// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/pack/name.hpp"

#include "libvmshare/pack/layout.hpp"

namespace xvm::pack {
namespace {

constexpr bool allowed(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

} // namespace

std::optional<std::string> name_fault(std::string_view name) {
    if (name.empty()) return "is empty";
    if (name.size() > name_max)
        return "has " + std::to_string(name.size()) + " characters, at most " + std::to_string(name_max) +
               " fit";
    if (name == "." || name == "..") return "means a directory";
    for (const char c : name)
        if (!allowed(c)) return "holds '" + printable({&c, 1}) + "'";
    return std::nullopt;
}

std::string printable(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte < 0x7f) {
            out += c;
        } else {
            out += "\\x";
            out += digits[byte >> 4];
            out += digits[byte & 15];
        }
    }
    return out;
}

} // namespace xvm::pack
