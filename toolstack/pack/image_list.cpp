// SPDX-License-Identifier: Apache-2.0
#include "toolstack/pack/image_list.hpp"

#include "libvmshare/base/number.hpp"
#include "libvmshare/base/suggest.hpp"

#include <array>
#include <limits>

namespace xvm::pack_tool {
namespace {

std::string quoted(std::string_view text) {
    return "'" + std::string(text) + "'";
}

std::string remedy_from(std::string_view wrong, std::span<const std::string_view> known,
                        std::string otherwise) {
    const auto near = nearest(wrong, known);
    return near ? "did you mean " + quoted(*near) + "?" : std::move(otherwise);
}

std::string_view trim(std::string_view text) {
    constexpr std::string_view blank = " \t\r";
    const auto first = text.find_first_not_of(blank);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

Result<pack::Kind> parse_attribute(std::string_view text, const std::string& where) {
    const auto equals = text.find('=');
    const std::string_view key = text.substr(0, equals);
    constexpr std::array<std::string_view, 1> keys{"kind"};
    if (equals == std::string_view::npos || key != "kind")
        return fail(Fault::usage, where, "unknown attribute " + quoted(key),
                    remedy_from(key, keys, "known is kind=KIND; a file name cannot hold a comma"));
    const std::string_view value = text.substr(equals + 1);
    const auto kind = pack::kind_named(value);
    if (!kind) {
        std::string all = "kinds are";
        for (const std::string_view name : pack::kind_names)
            all += " " + std::string(name);
        return fail(Fault::usage, where, "unknown kind " + quoted(value),
                    remedy_from(value, pack::kind_names, std::move(all)));
    }
    return *kind;
}

} // namespace

Result<Image_line> parse_image_line(std::string_view text, const std::string& where) {
    const auto equals = text.find('=');
    if (equals == std::string_view::npos)
        return fail(Fault::usage, where, quoted(text) + " is no NAME=FILE",
                    "name the image, as in kernel=/boot/vmlinuz");
    Image_line line;
    line.name = text.substr(0, equals);
    std::string_view rest = text.substr(equals + 1);
    line.kind = pack::kind_named(line.name).value_or(pack::Kind::data);

    const auto comma = rest.find(',');
    line.path = rest.substr(0, comma);
    if (line.path.empty())
        return fail(Fault::usage, where, quoted(text) + " names no file",
                    "give NAME=FILE, as in kernel=/boot/vmlinuz");
    if (comma != std::string_view::npos) {
        XVM_TRY_LET(line.kind, parse_attribute(rest.substr(comma + 1), where));
    }
    return line;
}

Result<std::vector<Image_line>> parse_image_list(std::string_view text, const std::string& list) {
    const auto slash = list.rfind('/');
    const std::string beside = slash == std::string::npos ? "" : list.substr(0, slash + 1);
    std::vector<Image_line> lines;
    unsigned number = 0;
    while (!text.empty()) {
        ++number;
        const auto end = text.find('\n');
        const std::string_view content = trim(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (content.empty() || content.front() == '#') continue;
        XVM_TRY_LET(Image_line line, parse_image_line(content, list + ":" + std::to_string(number)));
        if (line.path.front() != '/') line.path.insert(0, beside);
        lines.push_back(std::move(line));
    }
    return lines;
}

Result<std::uint64_t> parse_bytes(std::string_view text, const std::string& where) {
    constexpr std::string_view units = "KMGT";
    const auto unit = text.empty() ? std::string_view::npos : units.find(text.back());
    const unsigned shift = unit == std::string_view::npos ? 0 : 10 * (static_cast<unsigned>(unit) + 1);
    const auto number = parse_number<std::uint64_t>(shift == 0 ? text : text.substr(0, text.size() - 1));
    if (!number || *number > std::numeric_limits<std::uint64_t>::max() >> shift)
        return fail(Fault::usage, where, quoted(text) + " is no size",
                    "give bytes, or a number with K, M, G or T, as in 64M");
    return *number << shift;
}

} // namespace xvm::pack_tool
