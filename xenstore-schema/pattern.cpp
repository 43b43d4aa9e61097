// SPDX-License-Identifier: Apache-2.0
#include "xenstore-schema/pattern.hpp"

#include "libvmshare/base/ids.hpp"
#include "libvmshare/base/number.hpp"

#include <algorithm>
#include <cstdint>

namespace xvm::schema {
namespace {

bool canonical(std::string_view digits) {
    return !digits.empty() && (digits.size() == 1 || digits.front() != '0');
}

bool fits(std::string_view placeholder, std::string_view text) {
    if (placeholder == "uuid") {
        const auto uuid = Uuid::parse(text);
        return uuid && uuid->text() == text;
    }
    if (placeholder == "domid") return canonical(text) && parse_domid(text).has_value();
    return canonical(text) && parse_number<std::uint32_t>(text).has_value();
}

} // namespace

void Bindings::set(std::string_view name, std::string_view value) {
    values_.emplace_back(std::string(name), std::string(value));
}

std::string_view Bindings::get(std::string_view name) const noexcept {
    const auto found =
        std::find_if(values_.begin(), values_.end(), [name](const auto& pair) { return pair.first == name; });
    return found == values_.end() ? std::string_view{} : std::string_view(found->second);
}

std::vector<std::string_view> segments(std::string_view path) {
    std::vector<std::string_view> found;
    std::size_t begin = path.starts_with('/') ? 1 : 0;
    while (begin < path.size()) {
        const std::size_t end = std::min(path.find('/', begin), path.size());
        found.push_back(path.substr(begin, end - begin));
        begin = end + 1;
    }
    return found;
}

bool match_segment(std::string_view pattern, std::string_view segment, Bindings& bindings) {
    const std::size_t open = pattern.find('{');
    if (open == std::string_view::npos) return pattern == segment;
    const std::string_view name = pattern.substr(open + 1, pattern.size() - open - 2);
    if (!segment.starts_with(pattern.substr(0, open))) return false;
    const std::string_view value = segment.substr(open);
    const std::string_view bound = bindings.get(name);
    if (!fits(name, value) || (!bound.empty() && bound != value)) return false;
    if (bound.empty()) bindings.set(name, value);
    return true;
}

std::optional<Match> match_prefix(std::string_view pattern, std::string_view path) {
    const auto wanted = segments(pattern);
    const auto given = segments(path);
    if (given.size() < wanted.size()) return std::nullopt;
    Match match;
    for (std::size_t i = 0; i < wanted.size(); ++i)
        if (!match_segment(wanted[i], given[i], match.bindings)) return std::nullopt;
    match.whole = given.size() == wanted.size();
    if (!match.whole)
        match.rest = path.substr(static_cast<std::size_t>(given[wanted.size()].data() - path.data()));
    return match;
}

bool is_parent_of(std::string_view path, std::string_view pattern) {
    const auto wanted = segments(pattern);
    const auto given = segments(path);
    Bindings bindings;
    for (std::size_t i = 0; i < given.size(); ++i)
        if (i >= wanted.size() || !match_segment(wanted[i], given[i], bindings)) return false;
    return given.size() < wanted.size();
}

std::string fill(std::string_view pattern, const Bindings& bindings) {
    std::string text;
    for (std::size_t at = 0; at < pattern.size();) {
        const std::size_t close = pattern[at] == '{' ? pattern.find('}', at) : std::string_view::npos;
        if (close == std::string_view::npos) {
            text += pattern[at++];
            continue;
        }
        const std::string_view value = bindings.get(pattern.substr(at + 1, close - at - 1));
        text += value.empty() ? pattern.substr(at, close - at + 1) : value;
        at = close + 1;
    }
    return text;
}

} // namespace xvm::schema
