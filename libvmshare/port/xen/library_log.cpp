// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/xen/library_log.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace xvm::port::xen {

Library_log::Library_log() noexcept : xentoollog_logger{&Library_log::take, nullptr, nullptr} {
    // xtl_logger_destroy() is never called on it: the object has an owner.
}

void Library_log::take(xentoollog_logger* self, xentoollog_level level, int /*error_number*/,
                       const char* /*context*/, const char* format, va_list arguments) {
    auto& log = *static_cast<Library_log*>(self);
    if (level < XTL_ERROR || log.lines_.size() >= lines_max) return;
    std::array<char, 512> line{};
    std::vsnprintf(line.data(), line.size(), format, arguments);
    if (std::string text = plain_line(line.data()); !text.empty()) log.lines_.push_back(std::move(text));
}

bool Library_log::mentions(std::string_view text) const {
    return std::any_of(lines_.begin(), lines_.end(),
                       [text](const std::string& line) { return line.find(text) != std::string::npos; });
}

std::string plain_line(std::string_view line) {
    constexpr std::string_view panic = "panic: ";
    constexpr std::string_view empty_end = ": Internal error";
    if (line.starts_with(panic)) {
        // "panic: FILE:LINE: FUNCTION: "
        const auto after_line = line.find(": ", panic.size());
        const auto after_function =
            after_line == std::string_view::npos ? after_line : line.find(": ", after_line + 2);
        line.remove_prefix(after_function == std::string_view::npos ? panic.size() : after_function + 2);
    }
    if (line.ends_with(empty_end)) line.remove_suffix(empty_end.size());
    while (!line.empty() && (line.back() == '\n' || line.back() == ' '))
        line.remove_suffix(1);
    return std::string(line);
}

} // namespace xvm::port::xen
