// SPDX-License-Identifier: Apache-2.0
// Messages, and the frames they travel in: encoded to words, and put together again from a peer's words.
//
// Invariant: a Message that an Assembler gives is within every limit of libvmshare/abi/channel.h, and each of
// its frames was as that header says; the peer's first wrong word ends the Assembler for good.
#pragma once

#include "libvmshare/abi/channel.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xvm::channel {

enum class Kind : std::uint16_t {
    ready = XVM_FRAME_READY,
    request = XVM_FRAME_REQUEST,
    answer = XVM_FRAME_ANSWER,
    stop = XVM_FRAME_STOP,
};

struct Message {
    Kind kind = Kind::request;
    std::uint64_t id = 0;
    std::uint32_t limit_ms = 0;
    std::uint32_t credits = 0;
    std::uint64_t sent_ns = 0;
    std::uint64_t taken_ns = 0;
    std::string payload; ///< at most XVM_CHANNEL_MESSAGE_BYTES
    bool operator==(const Message&) const = default;
};

/// Its frames, as words. The payload is no longer than a message may be.
[[nodiscard]] std::vector<std::uint64_t> encode(const Message& message);

class Assembler {
  public:
    /// The next word of the peer's. A message, when it was the last of one.
    [[nodiscard]] std::optional<Message> take(std::uint64_t word);
    /// What was wrong with the peer's words; empty: nothing. Then take() gives nothing any more.
    [[nodiscard]] std::string_view fault() const noexcept { return fault_; }

  private:
    [[nodiscard]] const char* fault_of(const xvm_frame& frame) const noexcept;
    [[nodiscard]] std::optional<Message> end_of_frame();

    static constexpr std::size_t header_words = sizeof(xvm_frame) / sizeof(std::uint64_t);
    std::uint64_t header_[header_words] = {};
    std::size_t words_ = 0;        ///< of this frame, with its header
    std::uint32_t length_ = 0;     ///< bytes of this frame that are still to come
    std::uint32_t left_ = 0;       ///< bytes of later frames
    std::optional<Message> begun_; ///< one whose first frame has come
    std::string_view fault_;
};

} // namespace xvm::channel
