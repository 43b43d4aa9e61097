// SPDX-License-Identifier: Apache-2.0
// What a guest writes about its slots, and how a query of it is answered.
//
// Invariant: the guest is not believed. What is not exactly of its form, or longer than XVM_MEM_TEXT_MAX, is
// as if it were not there; what is, says no more than that the guest has written it.
#pragma once

#include "libvmshare/abi/memory.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace xvm::memory {

/// "7 0x3 0x82"
struct Ost {
    std::uint32_t serial = 0; ///< of the notice
    std::uint32_t event = 0;  ///< its notify code
    std::uint32_t status = 0; ///< XVM_MEM_OST_*
    bool operator==(const Ost&) const = default;
};
[[nodiscard]] std::optional<Ost> parse_ost(std::string_view text) noexcept;

enum class Ost_meaning : std::uint8_t { progress, success, failure };
/// Unknown statuses are failures.
[[nodiscard]] Ost_meaning meaning_of(const Ost& ost) noexcept;
/// "busy (_OST 0x82)": for messages.
[[nodiscard]] std::string words_of(std::uint32_t event, std::uint32_t status);

/// Of an ejection: a number and nothing else.
[[nodiscard]] std::optional<std::uint32_t> parse_u32(std::string_view text) noexcept;

/// "12 6"
struct Query {
    std::uint32_t number = 0;
    std::uint32_t told = 0; ///< serial of the last notice that the guest was told of
    bool operator==(const Query&) const = default;
};
[[nodiscard]] std::optional<Query> parse_query(std::string_view text) noexcept;

/// "12 0x3 1 7"
struct Answer {
    std::uint32_t query = 0;
    std::uint32_t code = XVM_MEM_NOTIFY_NONE;
    std::uint32_t slot = 0;
    std::uint32_t serial = 0; ///< of the notice; of none: of the newest there was
    bool operator==(const Answer&) const = default;
};
[[nodiscard]] std::string text_of(const Answer& answer);
[[nodiscard]] std::optional<Answer> parse_answer(std::string_view text) noexcept;

} // namespace xvm::memory
