// SPDX-License-Identifier: Apache-2.0
#include "toolstack/plan/absolute_paths.hpp"

#include "toolstack/plan/config_keys.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <sstream>
#include <toml++/toml.h>

namespace xvm::plan {
namespace {

struct Change {
    std::size_t begin; ///< bytes of the text
    std::size_t end;
    std::string words;
};

/// The byte at which that line and column (of characters, both from 1) begin.
std::size_t offset_of(std::string_view text, const toml::source_position& position) {
    std::size_t at = 0;
    for (toml::source_index line = 1; line < position.line; ++line)
        at = text.find('\n', at) + 1;
    for (toml::source_index column = 1; column < position.column && at < text.size(); ++column) {
        ++at;
        while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80)
            ++at; // the rest of a character
    }
    return at;
}

std::string quoted(const std::string& words) {
    std::ostringstream out;
    constexpr auto flags = toml::toml_formatter::default_flags & ~toml::format_flags::allow_literal_strings &
                           ~toml::format_flags::allow_multi_line_strings;
    out << toml::toml_formatter{toml::array{words}, flags};
    const std::string list = out.str(); // [ "words" ]
    return list.substr(2, list.size() - 4);
}

class Finder {
  public:
    Finder(std::string_view text, const Base_directory& base) : text_(text), base_(base) {}

    void path(const toml::node* node) {
        if (node == nullptr || !node->is_string()) return;
        put(*node, base_.absolute(node->as_string()->get()));
    }
    /// "FILE", "PACK:ENTRY" or a table with the paths in it.
    void image(const toml::node* node) {
        if (node == nullptr) return;
        if (const auto* table = node->as_table()) {
            for (const std::string_view key : {"file", "pack"})
                path(table->get(key));
        } else if (node->is_string()) {
            const std::string& given = node->as_string()->get();
            const std::size_t colon = std::min(given.rfind(':'), given.size());
            put(*node, base_.absolute(given.substr(0, colon)) + given.substr(colon));
        }
    }
    /// The text with all changes made.
    [[nodiscard]] std::string result() {
        std::sort(changes_.begin(), changes_.end(),
                  [](const Change& a, const Change& b) { return a.begin > b.begin; });
        std::string text(text_);
        for (const Change& change : changes_)
            text.replace(change.begin, change.end - change.begin, change.words);
        return text;
    }

  private:
    void put(const toml::node& node, const std::string& wanted) {
        if (node.as_string()->get() == wanted) return;
        changes_.push_back(
            {offset_of(text_, node.source().begin), offset_of(text_, node.source().end), quoted(wanted)});
    }

    std::string_view text_;
    const Base_directory& base_;
    std::vector<Change> changes_;
};

} // namespace

tl::expected<std::string, Config_errors> with_absolute_paths(const Config_text& text) {
    const auto guest = parse_config(text);
    if (!guest) return tl::unexpected<Config_errors>(guest.error());
    const Base_directory base{std::filesystem::path(text.source).parent_path().string()};
    const toml::table table = toml::parse(text.toml);
    Finder finder(text.toml, base);
    finder.image(table.get("kernel"));
    finder.image(table.get("ramdisk"));
    if (const auto* disks = table.get_as<toml::array>("disk"))
        for (const toml::node& disk : *disks)
            for (const std::string_view key : {"pack", "raw"})
                finder.path(disk.as_table()->get(key));
    return finder.result();
}

} // namespace xvm::plan
