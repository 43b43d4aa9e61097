// SPDX-License-Identifier: Apache-2.0
#include "toolstack/cli/usage.hpp"

#include "toolstack/cli/arguments.hpp"

#include <algorithm>
#include <cctype>
#include <vector>

namespace xvm::cli {
namespace {

using model::Parameter;
using Lines = std::vector<std::pair<std::string, std::string>>;

constexpr std::size_t width_max = 100;
constexpr std::size_t left_max = 34; ///< what is longer stands on a line of its own

/// The words of `text` in lines no longer than the terminal, the later ones indented.
std::string wrapped(std::string_view text, std::size_t indent) {
    std::string out;
    std::size_t at = indent;
    while (!text.empty()) {
        const std::size_t space = std::min(text.find(' '), text.size());
        if (at > indent && at + space + 1 > width_max) {
            out.append("\n").append(indent, ' ');
            at = indent;
        } else if (at > indent) {
            out += ' ';
            ++at;
        }
        out += text.substr(0, space);
        at += space;
        text.remove_prefix(std::min(space + 1, text.size()));
    }
    return out;
}

/// Paragraphs as wide as the terminal, however they stand in the model; indented lines as they are.
std::string paragraphs(std::string_view text) {
    std::string out;
    std::string paragraph;
    const auto end_paragraph = [&] {
        if (!paragraph.empty()) out.append(wrapped(paragraph, 0)).append("\n");
        paragraph.clear();
    };
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        const std::string_view line = text.substr(at, end - at);
        if (line.empty() || line.starts_with("  ")) {
            end_paragraph();
            out.append(line).append("\n");
        } else {
            paragraph.append(paragraph.empty() ? "" : " ").append(line);
        }
        at = end + 1;
    }
    end_paragraph();
    return out;
}

std::string two_columns(const Lines& lines) {
    std::size_t width = 0;
    for (const auto& [left, right] : lines)
        if (left.size() <= left_max) width = std::max(width, left.size());
    std::string text;
    for (const auto& [left, right] : lines) {
        text.append("  ").append(left);
        if (left.size() > width)
            text.append("\n").append(width + 4, ' ');
        else
            text.append(width + 2 - left.size(), ' ');
        text.append(wrapped(right, width + 4)).append("\n");
    }
    return text;
}

std::string option_left(const Parameter& one) {
    std::string left = one.letter != 0 ? std::string("-") + one.letter + ", " : "    ";
    left += option_name(one);
    if (one.type != model::Type::boolean) left += " " + std::string(one.placeholder);
    return left;
}

std::string option_right(const Parameter& one) {
    std::string right(one.summary);
    if (one.type != model::Type::boolean && !one.initial.empty())
        right += " (" + std::string(one.initial) + " if left out)";
    if (!one.choices.empty() && one.name != "output") {
        right += ": ";
        for (std::size_t i = 0; i < one.choices.size(); ++i)
            right += (i > 0 ? ", " : "") + std::string(one.choices[i]);
    }
    return right;
}

} // namespace

std::string usage_text() {
    Lines daily;
    Lines others;
    for (const model::Verb& verb : model::verbs()) {
        if (verb.words.empty()) continue;
        std::string left = usage_line(verb).substr(4);
        if (!verb.alias.empty()) left.append(" (").append(verb.alias).append(")");
        (verb.words.find(' ') == std::string_view::npos ? daily : others)
            .emplace_back(std::move(left), verb.summary);
    }
    // One width for both.
    Lines all = daily;
    all.emplace_back("", "");
    all.insert(all.end(), others.begin(), others.end());
    std::string table = two_columns(all);
    const std::size_t gap = table.find("\n   ");
    if (gap != std::string::npos) table.replace(gap + 1, table.find('\n', gap + 1) - gap - 1, "");
    return "Starts and ends guests on Xen, and tells what they do.\n\n"
           "Usage: xvm VERB ...\n\n" +
           table +
           "\nID is a guest's name, its number or its uuid. In parentheses: a verb's short form.\n"
           "'xvm VERB --help' tells more, 'xvm --version' prints the version.\n"
           "Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 no such thing, 4 busy or taken, 5 not\n"
           "enough of something, 6 timeout, 7 not permitted, 8 daemon or Xen not reachable, 9 leftovers.\n";
}

std::string help_text(const model::Verb& verb) {
    Lines arguments;
    Lines options;
    for (const Parameter& one : verb.parameters) {
        if (one.positional)
            arguments.emplace_back(one.placeholder, option_right(one));
        else if (!one.hidden)
            options.emplace_back(option_left(one), option_right(one));
    }
    std::string text = "Usage: " + usage_line(verb) + "\n";
    if (!verb.alias.empty()) text.append("Short: xvm ").append(verb.alias).append("\n");
    std::string summary(verb.summary);
    summary[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(summary[0])));
    text.append("\n").append(summary).append(".\n\n").append(paragraphs(verb.details));
    if (!arguments.empty()) text += "\nArguments:\n" + two_columns(arguments);
    if (!options.empty()) text += "\nOptions:\n" + two_columns(options);
    Lines common;
    for (const Parameter& one : model::common_options())
        common.emplace_back(option_left(one), option_right(one));
    return text + "\nOptions of every verb:\n" + two_columns(common);
}

} // namespace xvm::cli
