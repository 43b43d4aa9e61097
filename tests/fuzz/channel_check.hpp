// SPDX-License-Identifier: Apache-2.0
// One input of the channel fuzzer: what a hostile peer writes, and what must hold of the end that reads it.
//
// An input is a list of acts of nine bytes: one that says what, eight that say with which number. The peer
// writes indices, flags and words wherever it likes, or sound frames, and the end takes its turn in between.
#pragma once

#include "libvmshare/channel/end.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace xvm::channel::test {

inline void must(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "channel: %s\n", what);
    std::abort();
}

struct Free_memory {
    void operator()(std::byte* memory) const { std::free(memory); }
};

/// How many messages were taken; `end_is_whole`: whether the end has not given up.
struct Outcome {
    std::size_t messages = 0;
    bool whole = true;
};

inline void check_message(const Message& message) {
    must(message.payload.size() <= XVM_CHANNEL_MESSAGE_BYTES, "a message that is too long was taken");
    const auto kind = static_cast<std::uint16_t>(message.kind);
    must(kind >= XVM_FRAME_READY && kind <= XVM_FRAME_STOP, "a message of no kind was taken");
}

/// Of a stream of words, what is taken is exactly what was sent: encoded again, it is the same words.
inline Outcome check_stream(std::span<const std::uint64_t> words) {
    Assembler assembler;
    Outcome outcome;
    std::size_t begin = 0;
    for (std::size_t at = 0; at < words.size(); ++at) {
        const auto message = assembler.take(words[at]);
        must(!message || assembler.fault().empty(), "a message was taken after a fault");
        if (!message) continue;
        check_message(*message);
        const auto again = encode(*message);
        must(again.size() == at + 1 - begin && std::equal(again.begin(), again.end(), words.begin() + begin),
             "a message was taken from other words than its own");
        begin = at + 1;
        ++outcome.messages;
    }
    outcome.whole = assembler.fault().empty();
    return outcome;
}

inline Outcome check_peer(std::span<const std::uint8_t> input) {
    static const std::unique_ptr<std::byte, Free_memory> memory(
        static_cast<std::byte*>(std::aligned_alloc(4096, XVM_CHANNEL_REGION_BYTES)));
    const std::span region(memory.get(), XVM_CHANNEL_REGION_BYTES);
    auto end = End::create(region);
    must(end.has_value(), "no end");
    auto& channel = *reinterpret_cast<xvm_channel*>(memory.get());
    auto* const words =
        reinterpret_cast<std::uint64_t*>(memory.get() + XVM_CHANNEL_HEADER_BYTES) + XVM_CHANNEL_WORDS;
    Outcome outcome;
    std::uint32_t at = 0; // where the peer writes next
    const auto write = [&](std::uint64_t word) { words[at++ % XVM_CHANNEL_WORDS] = word; };
    for (std::size_t i = 0; i + 9 <= input.size(); i += 9) {
        std::uint64_t number = 0;
        std::memcpy(&number, &input[i + 1], sizeof number);
        const auto small = static_cast<std::uint32_t>(number);
        switch (input[i] % 8) {
        case 0:
            write(number);
            break;
        case 1:
            channel.up.prod.value = small;
            break;
        case 2:
            channel.down.cons.value = small;
            break;
        case 3:
            channel.down.flag.value = channel.up.room.value = small;
            break;
        case 4: { // a sound message, published
            Message message;
            message.kind = static_cast<Kind>(1 + number % 4);
            message.id = number;
            message.payload.assign(number % 600, 'x');
            for (const std::uint64_t word : encode(message))
                write(word);
            channel.up.prod.value = at;
            break;
        }
        case 5: // what was written, published
            channel.up.prod.value = at;
            break;
        case 6: {
            Message message;
            message.payload.assign(small % 100000, 'y');
            static_cast<void>(end->put(message));
            break;
        }
        default: {
            const auto turn = end->turn();
            for (const Message& message : turn.got)
                check_message(message);
            outcome.messages += turn.got.size();
            must(turn.got.empty() || outcome.whole, "a broken end gave messages");
            outcome.whole = end->fault().empty();
        }
        }
        must(end->backlog() <= 2 * End::backlog_bytes, "a backlog without bound");
    }
    return outcome;
}

} // namespace xvm::channel::test
