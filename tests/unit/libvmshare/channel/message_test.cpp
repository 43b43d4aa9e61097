// SPDX-License-Identifier: Apache-2.0
// Messages into frames, and out of a peer's words.
#include "libvmshare/channel/message.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <functional>

using namespace xvm::channel;

namespace {

Message sample(std::size_t bytes) {
    Message message{Kind::answer, 77, 250, 0, 123456789, 123456999, {}};
    for (std::size_t i = 0; i < bytes; ++i)
        message.payload += static_cast<char>('a' + i % 26);
    return message;
}

std::vector<Message> read(const std::vector<std::uint64_t>& words, Assembler& assembler) {
    std::vector<Message> all;
    for (const std::uint64_t word : words)
        if (auto message = assembler.take(word)) all.push_back(std::move(*message));
    return all;
}

xvm_frame frame_at(const std::vector<std::uint64_t>& words, std::size_t at) {
    xvm_frame frame;
    std::memcpy(&frame, words.data() + at, sizeof frame);
    return frame;
}

/// What an Assembler says of a message whose frame at word `at` was changed.
std::string fault_after(const Message& message, std::size_t at,
                        const std::function<void(xvm_frame&)>& change) {
    auto words = encode(message);
    xvm_frame frame = frame_at(words, at);
    change(frame);
    std::memcpy(words.data() + at, &frame, sizeof frame);
    Assembler assembler;
    CHECK(read(words, assembler).empty());
    return std::string(assembler.fault());
}

constexpr std::size_t second_frame = (sizeof(xvm_frame) + XVM_CHANNEL_PIECE_BYTES) / 8;

} // namespace

TEST_CASE("a message of any length arrives as it was sent") {
    for (const std::size_t bytes :
         {std::size_t{0}, std::size_t{1}, std::size_t{7}, std::size_t{8}, std::size_t{9},
          std::size_t{XVM_CHANNEL_PIECE_BYTES - 1}, std::size_t{XVM_CHANNEL_PIECE_BYTES},
          std::size_t{XVM_CHANNEL_PIECE_BYTES + 1}, std::size_t{XVM_CHANNEL_MESSAGE_BYTES}}) {
        const Message message = sample(bytes);
        Assembler assembler;
        INFO(bytes);
        const auto got = read(encode(message), assembler);
        REQUIRE(got.size() == 1);
        CHECK((got.front() == message));
        CHECK(assembler.fault().empty());
    }
}

TEST_CASE("messages follow each other") {
    Assembler assembler;
    auto words = encode(sample(5));
    const auto more = encode(sample(XVM_CHANNEL_PIECE_BYTES * 2));
    words.insert(words.end(), more.begin(), more.end());
    const auto last = encode(sample(0));
    words.insert(words.end(), last.begin(), last.end());
    CHECK(read(words, assembler).size() == 3);
}

TEST_CASE("every field of a frame that is not as it must be ends the connection") {
    const Message small = sample(100);
    CHECK(fault_after(small, 0, [](xvm_frame& f) { f.magic ^= 1; }) == "a frame without its magic");
    CHECK(fault_after(small, 0, [](xvm_frame& f) { f.version = 2; }) == "a frame of another version");
    CHECK(fault_after(small, 0, [](xvm_frame& f) { f.kind = 0; }) == "a frame of no known kind");
    CHECK(fault_after(small, 0, [](xvm_frame& f) { f.kind = 5; }) == "a frame of no known kind");
    CHECK(fault_after(small, 0, [](xvm_frame& f) { f.reserved[1] = 1; }) ==
          "a frame with something in its reserve");
    CHECK(fault_after(small, 0, [](xvm_frame& f) { f.length = XVM_CHANNEL_PIECE_BYTES + 1; }) ==
          "a frame that is too long");
    CHECK(fault_after(small, 0, [](xvm_frame& f) { f.length = ~0U; }) == "a frame that is too long");
    CHECK(fault_after(small, 0, [](xvm_frame& f) { f.left = 1; }) ==
          "a frame in the middle that is not full");
    CHECK(fault_after(small, 0, [](xvm_frame& f) { f.length = 97; }) ==
          "a frame that is not padded with zeros");
}

TEST_CASE("frames of one message belong together and add up") {
    const Message large = sample(XVM_CHANNEL_PIECE_BYTES * 2 + 10);
    const char* const another = "a frame of another message within one";
    const char* const sum = "frames that do not add up to their message";
    CHECK(fault_after(large, second_frame, [](xvm_frame& f) { f.id = 78; }) == another);
    CHECK(fault_after(large, second_frame, [](xvm_frame& f) { f.kind = XVM_FRAME_READY; }) == another);
    CHECK(fault_after(large, second_frame, [](xvm_frame& f) { f.sent_ns = 1; }) == another);
    CHECK(fault_after(large, second_frame, [](xvm_frame& f) { f.left = 11; }) == sum);
    CHECK(fault_after(large, second_frame, [](xvm_frame& f) { f.left = 0; }) == sum);
    // The sum wraps to the right one.
    CHECK(fault_after(large, second_frame, [](xvm_frame& f) {
              f.length = 0;
              f.left = 0;
          }) == sum);
    CHECK(fault_after(large, 0, [](xvm_frame& f) { f.left = XVM_CHANNEL_MESSAGE_BYTES; }) ==
          "a message that is too long");
    CHECK(fault_after(large, 0, [](xvm_frame& f) { f.left = ~0U; }) == "a message that is too long");
}

TEST_CASE("after a fault nothing is taken any more, were it right or not") {
    Assembler assembler;
    static_cast<void>(read(std::vector<std::uint64_t>(8, 0), assembler));
    CHECK_FALSE(assembler.fault().empty());
    CHECK(read(encode(sample(3)), assembler).empty());
}
