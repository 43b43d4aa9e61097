// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/channel/message.hpp"

#include "libvmshare/base/assert.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace xvm::channel {
namespace {

constexpr std::uint32_t word_bytes = sizeof(std::uint64_t);

std::size_t words_of(std::uint32_t bytes) {
    return (bytes + word_bytes - 1) / word_bytes;
}

bool is_kind(std::uint16_t kind) {
    return kind >= XVM_FRAME_READY && kind <= XVM_FRAME_STOP;
}

} // namespace

std::vector<std::uint64_t> encode(const Message& message) {
    XVM_ASSERT(message.payload.size() <= XVM_CHANNEL_MESSAGE_BYTES);
    std::vector<std::uint64_t> words;
    const auto size = static_cast<std::uint32_t>(message.payload.size());
    std::uint32_t done = 0;
    do {
        const std::uint32_t length = std::min(size - done, XVM_CHANNEL_PIECE_BYTES);
        const xvm_frame frame{XVM_FRAME_MAGIC,
                              XVM_FRAME_VERSION,
                              static_cast<std::uint16_t>(message.kind),
                              message.id,
                              length,
                              size - done - length,
                              message.limit_ms,
                              message.credits,
                              message.sent_ns,
                              message.taken_ns,
                              {}};
        const auto header = std::bit_cast<std::array<std::uint64_t, sizeof frame / word_bytes>>(frame);
        words.insert(words.end(), header.begin(), header.end());
        const std::size_t at = words.size();
        words.resize(at + words_of(length)); // the last word's rest is zero
        if (length > 0) std::memcpy(words.data() + at, message.payload.data() + done, length);
        done += length;
    } while (done < size);
    return words;
}

const char* Assembler::fault_of(const xvm_frame& frame) const noexcept {
    if (frame.magic != XVM_FRAME_MAGIC) return "a frame without its magic";
    if (frame.version != XVM_FRAME_VERSION) return "a frame of another version";
    if (!is_kind(frame.kind)) return "a frame of no known kind";
    if (frame.reserved[0] != 0 || frame.reserved[1] != 0) return "a frame with something in its reserve";
    if (frame.length > XVM_CHANNEL_PIECE_BYTES) return "a frame that is too long";
    if (frame.left > 0 && frame.length != XVM_CHANNEL_PIECE_BYTES)
        return "a frame in the middle that is not full";
    if (begun_) {
        const Message& first = *begun_;
        if (frame.id != first.id || frame.kind != static_cast<std::uint16_t>(first.kind) ||
            frame.limit_ms != first.limit_ms || frame.credits != first.credits ||
            frame.sent_ns != first.sent_ns || frame.taken_ns != first.taken_ns)
            return "a frame of another message within one";
        // No sum: both numbers are the peer's.
        if (frame.length == 0 || frame.length > left_ || frame.left != left_ - frame.length)
            return "frames that do not add up to their message";
        return nullptr;
    }
    if (frame.left > XVM_CHANNEL_MESSAGE_BYTES - frame.length) return "a message that is too long";
    return nullptr;
}

std::optional<Message> Assembler::take(std::uint64_t word) {
    if (!fault_.empty()) return std::nullopt;
    if (words_ < header_words) {
        header_[words_++] = word;
        if (words_ < header_words) return std::nullopt;
        xvm_frame frame;
        std::memcpy(&frame, header_, sizeof frame);
        if (const char* fault = fault_of(frame)) {
            fault_ = fault;
            begun_.reset();
            return std::nullopt;
        }
        if (!begun_) {
            begun_.emplace(Message{static_cast<Kind>(frame.kind),
                                   frame.id,
                                   frame.limit_ms,
                                   frame.credits,
                                   frame.sent_ns,
                                   frame.taken_ns,
                                   {}});
            begun_->payload.reserve(frame.length + frame.left);
        }
        length_ = frame.length;
        left_ = frame.left;
        return length_ == 0 ? end_of_frame() : std::nullopt;
    }
    const std::uint32_t bytes = std::min(length_, word_bytes);
    std::array<char, word_bytes> text{};
    std::memcpy(text.data(), &word, word_bytes);
    if (std::any_of(text.begin() + bytes, text.end(), [](char one) { return one != 0; })) {
        fault_ = "a frame that is not padded with zeros";
        begun_.reset();
        return std::nullopt;
    }
    begun_->payload.append(text.data(), bytes);
    length_ -= bytes;
    return length_ == 0 ? end_of_frame() : std::nullopt;
}

std::optional<Message> Assembler::end_of_frame() {
    words_ = 0;
    if (left_ > 0) return std::nullopt;
    std::optional<Message> whole = std::move(begun_);
    begun_.reset();
    return whole;
}

} // namespace xvm::channel
