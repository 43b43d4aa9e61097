// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/memory/message.hpp"

#include "libvmshare/base/number.hpp"

#include <array>
#include <charconv>
#include <fmt/core.h>

namespace xvm::memory {
namespace {

/// The words of a line, parted by single spaces; nothing when there are more or fewer than N.
template <std::size_t N>
std::optional<std::array<std::string_view, N>> split(std::string_view text) noexcept {
    std::array<std::string_view, N> words;
    if (text.size() >= XVM_MEM_TEXT_MAX) return std::nullopt;
    for (std::size_t i = 0; i < N; ++i) {
        const std::size_t end = text.find(' ');
        if ((end == std::string_view::npos) != (i + 1 == N)) return std::nullopt;
        words[i] = text.substr(0, end);
        if (end != std::string_view::npos) text.remove_prefix(end + 1);
    }
    return words;
}

std::optional<std::uint32_t> parse_code(std::string_view text) noexcept {
    if (!text.starts_with("0x")) return std::nullopt;
    text.remove_prefix(2);
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

} // namespace

std::optional<Ost> parse_ost(std::string_view text) noexcept {
    const auto words = split<3>(text);
    if (!words) return std::nullopt;
    const auto serial = parse_number<std::uint32_t>((*words)[0]);
    const auto event = parse_code((*words)[1]);
    const auto status = parse_code((*words)[2]);
    if (!serial || !event || !status) return std::nullopt;
    return Ost{*serial, *event, *status};
}

Ost_meaning meaning_of(const Ost& ost) noexcept {
    if (ost.status == XVM_MEM_OST_SUCCESS) return Ost_meaning::success;
    const std::uint32_t progress = ost.event == XVM_MEM_NOTIFY_EJECT    ? XVM_MEM_OST_EJECT_PROGRESS
                                   : ost.event == XVM_MEM_NOTIFY_INSERT ? XVM_MEM_OST_INSERT_PROGRESS
                                                                        : XVM_MEM_OST_SUCCESS;
    return ost.status == progress ? Ost_meaning::progress : Ost_meaning::failure;
}

std::string words_of(std::uint32_t event, std::uint32_t status) {
    const bool eject = event == XVM_MEM_NOTIFY_EJECT;
    const char* word = "failed";
    if (status == XVM_MEM_OST_UNRECOGNISED)
        word = "does not know the request";
    else if (status == XVM_MEM_OST_EJECT_UNSUPPORTED && eject)
        word = "cannot give memory back";
    else if (status == XVM_MEM_OST_EJECT_IN_USE)
        word = eject ? "needs the memory itself" : "has no room to manage it";
    else if (status == XVM_MEM_OST_EJECT_BUSY)
        word = eject ? "busy: the memory cannot be emptied" : "cannot take memory";
    else if (status == XVM_MEM_OST_EJECT_DEPENDS && eject)
        word = "something else depends on the memory";
    return fmt::format("{} (_OST {:#x})", word, status);
}

std::optional<std::uint32_t> parse_u32(std::string_view text) noexcept {
    return parse_number<std::uint32_t>(text);
}

std::optional<Query> parse_query(std::string_view text) noexcept {
    const auto words = split<2>(text);
    if (!words) return std::nullopt;
    const auto number = parse_number<std::uint32_t>((*words)[0]);
    const auto told = parse_number<std::uint32_t>((*words)[1]);
    if (!number || !told) return std::nullopt;
    return Query{*number, *told};
}

std::string text_of(const Answer& answer) {
    return fmt::format("{} {:#x} {} {}", answer.query, answer.code, answer.slot, answer.serial);
}

std::optional<Answer> parse_answer(std::string_view text) noexcept {
    const auto words = split<4>(text);
    if (!words) return std::nullopt;
    const auto query = parse_number<std::uint32_t>((*words)[0]);
    const auto code = parse_code((*words)[1]);
    const auto slot = parse_number<std::uint32_t>((*words)[2]);
    const auto serial = parse_number<std::uint32_t>((*words)[3]);
    if (!query || !code || !slot || !serial) return std::nullopt;
    return Answer{*query, *code, *slot, *serial};
}

} // namespace xvm::memory
