// SPDX-License-Identifier: Apache-2.0
#include "toolstack/import/toml_text.hpp"

#include <sstream>
#include <toml++/toml.h>

namespace xvm::import {
namespace {

std::string quoted(std::string_view value) {
    std::ostringstream out;
    // Not 'literal' texts: one way of quoting in the whole file.
    out << toml::toml_formatter{toml::array{value}, toml::toml_formatter::default_flags &
                                                        ~toml::format_flags::allow_literal_strings &
                                                        ~toml::format_flags::allow_multi_line_strings};
    const std::string array = out.str(); // [ "value" ]
    const std::size_t begin = array.find('"');
    return array.substr(begin, array.rfind('"') - begin + 1);
}

} // namespace

void Toml_text::comment(std::string_view words) {
    std::string line = "# ";
    for (const char letter : words)
        line += static_cast<unsigned char>(letter) < ' ' ? ' ' : letter;
    text_ += line + "\n";
}

void Toml_text::text(std::string_view key, std::string_view value) {
    text_ += std::string(key) + " = " + quoted(value) + "\n";
}

void Toml_text::number(std::string_view key, std::int64_t value) {
    text_ += std::string(key) + " = " + std::to_string(value) + "\n";
}

void Toml_text::numbers(std::string_view key, const std::vector<unsigned>& values) {
    std::string list;
    for (const unsigned value : values)
        list += (list.empty() ? "" : ", ") + std::to_string(value);
    text_ += std::string(key) + " = [" + list + "]\n";
}

void Toml_text::file(std::string_view key, std::string_view path) {
    text_ += std::string(key) + " = " +
             (path.find(':') == std::string_view::npos ? quoted(path) : "{ file = " + quoted(path) + " }") +
             "\n";
}

} // namespace xvm::import
