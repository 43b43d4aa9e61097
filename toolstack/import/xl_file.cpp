// SPDX-License-Identifier: Apache-2.0
#include "toolstack/import/xl_file.hpp"

#include "libvmshare/base/number.hpp"
#include "toolstack/import/xlutil.hpp"

#include <algorithm>

namespace xvm::import {
namespace {

constexpr std::string_view name_letters = "abcdefghijklmnopqrstuvwxyz0123456789._";

struct Parsed {
    std::unique_ptr<Report> report;
    std::unique_ptr<XLU_Config, decltype(&xlu_cfg_destroy)> config;
    std::string said; ///< libxlutil's complaints; empty: it took the text
};

Parsed parse(std::string_view text, const std::string& source) {
    auto report = std::make_unique<Report>();
    Parsed parsed{nullptr, {xlu_cfg_init(report->stream(), source.c_str()), xlu_cfg_destroy}, {}};
    if (!parsed.config) throw std::bad_alloc();
    const int error = xlu_cfg_readdata(parsed.config.get(), text.data(), static_cast<int>(text.size()));
    parsed.said = report->text();
    parsed.report = std::move(report);
    if (error == 0) parsed.said.clear();
    if (error != 0 && parsed.said.empty()) parsed.said = "cannot be read";
    return parsed;
}

bool is_taken(std::string_view text) {
    return parse(text, "piece").said.empty();
}

/// A word that libxlutil takes nowhere but in a comment.
bool ends_in_comment(std::string_view piece) {
    return is_taken(std::string(piece) + " )\n");
}

std::string_view line_of(std::string_view text, std::size_t number) {
    for (std::size_t line = 1; line < number && !text.empty(); ++line)
        text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
    return text.substr(0, text.find('\n'));
}

std::size_t line_at(std::string_view text, std::size_t offset) {
    const auto before = text.substr(0, offset);
    return 1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
}

std::size_t column_at(std::string_view text, std::size_t offset) {
    const std::size_t newline = text.substr(0, offset).rfind('\n');
    return newline == std::string_view::npos ? offset + 1 : offset - newline;
}

std::string cause_of(std::string_view said) {
    constexpr std::string_view preface = "config parsing error ";
    const bool prefaced = said.starts_with(preface);
    if (prefaced) said.remove_prefix(preface.size());
    return (prefaced ? "cannot be read " : "") + std::string(said);
}

/// "SOURCE:LINE: config parsing error near `WORD': CAUSE", with the column of WORD in that line.
Error refusal(std::string_view said, std::string_view text, const std::string& source) {
    std::string_view first = said.substr(0, said.find('\n'));
    if (first.starts_with(source + ":")) first.remove_prefix(source.size() + 1);
    const std::size_t digits = std::min(first.find_first_not_of("0123456789"), first.size());
    const auto line = parse_number<std::size_t>(first.substr(0, digits));
    if (line) first.remove_prefix(std::min(digits + 2, first.size()));
    const std::size_t open = first.find('`');
    const std::size_t close = first.find("': ");
    std::string_view word;
    if (open != std::string_view::npos && close != std::string_view::npos && close > open)
        word = first.substr(open + 1, close - open - 1);
    const std::size_t at = line && !word.empty() ? line_of(text, *line).find(word) : std::string_view::npos;
    const std::size_t column = at == std::string_view::npos ? 1 : at + 1;
    const bool python = said.find("Python") != std::string_view::npos;
    return {
        Fault::usage, source + (line ? ":" + std::to_string(*line) + ":" + std::to_string(column) : ""),
        cause_of(first),
        python ? "xl takes values only, no Python: write what the code comes to"
               : "write KEY = NUMBER, KEY = \"TEXT\" or KEY = [ \"TEXT\", ... ]: xl does not take it either"};
}

class Splitter {
  public:
    explicit Splitter(std::string_view text) : text_(text) {}

    std::vector<Setting> split() {
        for (std::size_t begin = 0; begin < text_.size();) {
            std::size_t end = begin;
            do
                end = std::min(text_.find('\n', end), text_.size() - 1) + 1;
            while (end < text_.size() && !is_taken(text_.substr(begin, end - begin)));
            split_lines(begin, end);
            begin = end;
        }
        return std::move(settings_);
    }

  private:
    /// Whole lines, which may hold several assignments with ';' between them.
    void split_lines(std::size_t begin, std::size_t end) {
        for (std::size_t semicolon = text_.find(';', begin); semicolon < end;
             semicolon = text_.find(';', semicolon + 1)) {
            const std::string_view piece = text_.substr(begin, semicolon - begin);
            if (!is_taken(std::string(piece) + "\n") || ends_in_comment(piece)) continue;
            take(begin, semicolon);
            begin = semicolon + 1;
        }
        take(begin, end);
    }

    void take(std::size_t begin, std::size_t end) {
        const std::string_view piece = text_.substr(begin, end - begin);
        const std::size_t start = piece.find_first_not_of(" \t\n");
        if (start == std::string_view::npos || piece[start] == '#') return;
        std::string_view words = piece.substr(start);
        words = words.substr(0, words.find_last_not_of(" \t\n") + 1);
        const std::size_t at = begin + start;
        settings_.push_back({std::string(words.substr(0, words.find_first_not_of(name_letters))),
                             line_at(text_, at), column_at(text_, at), std::string(words)});
    }

    std::string_view text_;
    std::vector<Setting> settings_;
};

} // namespace

void Xl_file::Destroy::operator()(XLU_Config* config) const noexcept {
    xlu_cfg_destroy(config);
}

Result<Xl_file> Xl_file::read(std::string text, const std::string& source) {
    if (const std::size_t zero = text.find('\0'); zero != std::string::npos)
        return fail(Fault::usage,
                    source + ":" + std::to_string(line_at(text, zero)) + ":" +
                        std::to_string(column_at(text, zero)),
                    "there is a zero byte", "it is no xl.cfg, or a damaged one");
    // Written on another system: xl stops at such a line end, which is nothing of the guest's.
    for (std::size_t at = 0; (at = text.find("\r\n", at)) != std::string::npos;)
        text.erase(at, 1);
    // Without it, a comment in the last line is an error to libxlutil.
    if (!text.ends_with('\n')) text += '\n';
    Parsed parsed = parse(text, source);
    if (!parsed.said.empty()) return tl::unexpected<Error>(refusal(parsed.said, text, source));
    Xl_file file;
    file.source_ = source;
    file.report_ = std::move(parsed.report);
    file.config_.reset(parsed.config.release());
    file.settings_ = Splitter(text).split();
    return file;
}

const Setting* Xl_file::find(std::string_view name) const noexcept {
    for (auto it = settings_.rbegin(); it != settings_.rend(); ++it)
        if (it->name == name) return &*it;
    return nullptr;
}

std::optional<std::string> Xl_file::text(const std::string& name) const {
    const char* value = nullptr;
    if (xlu_cfg_get_string(config_.get(), name.c_str(), &value, 1) != 0 || value == nullptr)
        return std::nullopt;
    return std::string(value);
}

std::optional<std::vector<std::string>> Xl_file::list(const std::string& name) const {
    XLU_ConfigList* list = nullptr;
    int count = 0;
    if (xlu_cfg_get_list(config_.get(), name.c_str(), &list, &count, 1) != 0) return std::nullopt;
    std::vector<std::string> items;
    for (int i = 0; i < count; ++i) {
        const char* item = xlu_cfg_get_listitem(list, i);
        if (item == nullptr) return std::nullopt;
        items.emplace_back(item);
    }
    return items;
}

std::string Xl_file::place(const Setting& setting) const {
    return source_ + ":" + std::to_string(setting.line) + ":" + std::to_string(setting.column);
}

std::string Xl_file::place_of_item(std::string_view name, const std::string& item) const {
    for (const Setting& setting : settings_) {
        const std::size_t at = setting.words.find(item);
        if (setting.name != name || item.empty() || at == std::string::npos) continue;
        const std::size_t line = line_at(setting.words, at);
        const std::size_t column = column_at(setting.words, at) + (line == 1 ? setting.column - 1 : 0);
        return source_ + ":" + std::to_string(setting.line + line - 1) + ":" + std::to_string(column);
    }
    const Setting* const setting = find(name);
    return setting != nullptr ? place(*setting) : source_;
}

} // namespace xvm::import
