// SPDX-License-Identifier: Apache-2.0
#include "xenstore-schema/dump.hpp"

#include "libvmshare/base/number.hpp"

#include <utility>

namespace xvm::schema {
namespace {

std::optional<Access> access_of(char letter) {
    switch (letter) {
    case 'n':
        return Access::none;
    case 'r':
        return Access::read;
    case 'w':
        return Access::write;
    case 'b':
        return Access::both;
    default:
        return std::nullopt;
    }
}

/// "(n0,r7)", with the dots and blanks before it that align it.
std::optional<std::vector<Domid_permission>> permissions_of(std::string_view text) {
    text.remove_prefix(std::min(text.find('('), text.size()));
    if (text.size() < 2 || text.back() != ')') return std::nullopt;
    text = text.substr(1, text.size() - 2);
    std::vector<Domid_permission> permissions;
    while (true) {
        const std::size_t comma = std::min(text.find(','), text.size());
        const auto access = comma > 1 ? access_of(text.front()) : std::nullopt;
        const auto domid = comma > 1 ? parse_number<std::uint16_t>(text.substr(1, comma - 1)) : std::nullopt;
        if (!access || !domid) return std::nullopt;
        permissions.push_back({Domid{*domid}, *access});
        if (comma == text.size()) return permissions;
        text.remove_prefix(comma + 1);
    }
}

bool octal(char c) {
    return c >= '0' && c <= '7';
}

/// The byte that the escape behind a backslash stands for; `at` moves to its last character.
char unescaped(std::string_view text, std::size_t& at) {
    if (at + 2 < text.size() && octal(text[at]) && octal(text[at + 1]) && octal(text[at + 2])) {
        const int byte = (text[at] - '0') * 64 + (text[at + 1] - '0') * 8 + (text[at + 2] - '0');
        at += 2;
        return static_cast<char>(byte);
    }
    switch (text[at]) {
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return text[at];
    }
}

std::string unescape(std::string_view text) {
    std::string value;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '\\' && at + 1 < text.size())
            value += unescaped(text, ++at);
        else
            value += text[at];
    }
    return value;
}

std::optional<std::pair<std::string, Entry>> parse_line(std::string_view line) {
    static constexpr std::string_view between = " = \"";
    const std::size_t begin = line.find(between);
    const std::size_t end = line.rfind('"');
    if (!line.starts_with('/') || begin == std::string_view::npos || end < begin + between.size())
        return std::nullopt;
    Entry entry{unescape(line.substr(begin + between.size(), end - begin - between.size())), std::nullopt};
    const std::string_view rest = line.substr(end + 1);
    if (rest.find_first_not_of(" .") != std::string_view::npos) {
        entry.permissions = permissions_of(rest);
        if (!entry.permissions) return std::nullopt;
    }
    return std::pair{std::string(line.substr(0, begin)), std::move(entry)};
}

} // namespace

Result<Store_image> parse_dump(std::string_view text) {
    Store_image image;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.empty()) continue;
        auto node = parse_line(line);
        const std::string where = "line " + std::to_string(number);
        if (!node) return fail(Fault::usage, where, "not a node", "write: /path = \"value\"  (n0,r7)");
        if (!image.nodes.insert(std::move(*node)).second)
            return fail(Fault::usage, where, "the same path a second time");
    }
    return image;
}

} // namespace xvm::schema
