// SPDX-License-Identifier: Apache-2.0
#include "toolstack/plan/syntax_error.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace xvm::plan {
namespace {

struct Place {
    std::size_t line;
    std::size_t column;
};

std::string_view line_of(std::string_view text, std::size_t number) {
    for (std::size_t line = 1; line < number; ++line) {
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos) return {};
        text.remove_prefix(end + 1);
    }
    return text.substr(0, text.find('\n'));
}

/// What stands at the place, up to a blank, and where it begins: a slip may be found in its middle.
std::string_view word_at(std::string_view text, Place& place) {
    const std::string_view line = line_of(text, place.line);
    if (line.empty()) return {};
    // Columns count characters; a word that a hint quotes has one byte for each before it, or no hint.
    std::size_t begin = std::min(place.column - 1, line.size() - 1);
    while (begin > 0 && line[begin - 1] != ' ' && line[begin - 1] != '=' && line[begin - 1] != '\t' &&
           line[begin - 1] != '[' && line[begin - 1] != ',')
        --begin;
    place.column = begin + 1;
    const std::string_view rest = line.substr(begin);
    return rest.substr(0, rest.find_first_of(" \t,]#\r"));
}

/// The text in the first pair of single quotes.
std::string_view quoted(std::string_view words) {
    const std::size_t open = words.find('\'');
    const std::size_t close = words.find('\'', open + 1);
    if (open == std::string_view::npos || close == std::string_view::npos) return {};
    return words.substr(open + 1, close - open - 1);
}

/// The line where a key of the file itself stood before; the text up to the second one is good.
std::optional<std::size_t> first_line_of(std::string_view key, std::string_view text, std::size_t line) {
    const std::string_view stops = line_of(text, line);
    try {
        const toml::table before =
            toml::parse(text.substr(0, static_cast<std::size_t>(stops.data() - text.data())));
        const toml::node* const node = before.get(key);
        if (node != nullptr) return node->source().begin.line;
    } catch (const toml::parse_error&) { // then there is no hint
    }
    return std::nullopt;
}

struct Hint {
    std::string_view said; ///< a part of what toml++ says
    std::string_view cause;
    std::string_view remedy;
};
constexpr std::array hints{
    Hint{"invalid utf-8", "the file is not UTF-8 here", "save it as UTF-8"},
    Hint{"saw '\\u0000'", "there is a zero byte", "the file is damaged: write it anew"},
    Hint{"root table: expected keys, tables, whitespace or comments, saw '{'",
         "the file is no TOML, it may be JSON", "write: key = value"},
    Hint{"string: unescaped control", "the text is not closed", "end it with a quote in the same line"},
    Hint{"string: control", "the text is not closed", "end it with a quote in the same line"},
    Hint{"string: encountered end-of-file", "the text is not closed", "end it with a quote in the same line"},
    Hint{"expected value", "the value is missing", "write it after the '=', or remove the line"},
    Hint{"expected '='", "there is no '=' after the key", "write: key = value"},
    Hint{"not representable", "the number is too large", "write a smaller one"},
    Hint{"leading zeroes", "a number does not begin with 0", "write it without"},
    Hint{"array: encountered end-of-file", "the list is not closed", "end it with ]"},
    Hint{"table header: expected ']'", "the section's name is not closed", "write [name] or [[name]]"},
    Hint{"expected a comment or whitespace", "something stands behind the value",
         "write each key on a line of its own"},
};

bool is_unquoted(std::string_view said) {
    return said.find("could not determine value type") != std::string_view::npos ||
           said.find("integer: expected digit") != std::string_view::npos;
}

} // namespace

Error explain(const toml::parse_error& error, std::string_view text, const std::string& source) {
    const std::string_view said = error.description();
    Place place{error.source().begin.line, error.source().begin.column};
    Error told{Fault::usage, source, std::string(said), "see xvm.toml(5) for an example"};
    const auto* const hint = std::find_if(hints.begin(), hints.end(), [&](const Hint& one) {
        return said.find(one.said) != std::string_view::npos;
    });
    if (hint != hints.end()) {
        // It stands behind the last character that was one.
        if (hint == hints.begin() && line_of(text, place.line).size() > place.column) ++place.column;
        told.cause = hint->cause;
        told.remedy = hint->remedy;
    } else if (const auto key = std::string(quoted(said));
               said.find("redefine existing") != std::string_view::npos) {
        const bool section = said.find("existing table") != std::string_view::npos;
        const auto first = first_line_of(key, text, place.line);
        told.cause = key.empty() ? "a key is set twice" : "'" + key + "' is set twice";
        told.remedy =
            section ? "write [[" + key + "]], with two brackets, before each"
                    : "keep one of them" +
                          (first ? ", line " + std::to_string(*first) + " has the other" : std::string{});
        place.column = 1 + std::min(line_of(text, place.line).find_first_not_of(" \t"),
                                    static_cast<std::size_t>(place.column) - 1);
    } else if (said.find("boolean") != std::string_view::npos) {
        told.cause = "'" + std::string(word_at(text, place)) + "' is no value";
        told.remedy = "write true or false, in small letters";
    } else if (is_unquoted(said)) {
        const std::string word(word_at(text, place));
        told.cause = "'" + word + "' is no value";
        told.remedy = "write a text in quotes: \"" + word + "\"";
    }
    told.object += ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
    return told;
}

} // namespace xvm::plan
