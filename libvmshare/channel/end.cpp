// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/channel/end.hpp"

#include <algorithm>

namespace xvm::channel {
namespace {

using ring::Shared_memory;

tl::unexpected<Error> refuse(const std::string& why) {
    return fail(Fault::failed, "channel", why, "both ends must be of the same version of xvm");
}

ring::Queue<std::uint64_t> queue_of(xvm_channel_queue& queue, std::uint64_t* words) {
    return {queue.prod.value, queue.cons.value, queue.flag.value, words, XVM_CHANNEL_WORDS, true};
}

std::uint64_t* words_at(std::span<std::byte> memory, std::size_t queue) {
    return reinterpret_cast<std::uint64_t*>(memory.data() + XVM_CHANNEL_HEADER_BYTES) +
           queue * XVM_CHANNEL_WORDS;
}

} // namespace

End::End(xvm_channel_queue& out, std::uint64_t* out_words, xvm_channel_queue& in, std::uint64_t* in_words)
    : producer_(queue_of(out, out_words)), consumer_(queue_of(in, in_words)), want_room_(&out.room.value),
      peer_room_(&in.room.value) {}

Result<End> End::create(std::span<std::byte> memory) {
    if (memory.size() != XVM_CHANNEL_REGION_BYTES)
        return refuse("a region of " + std::to_string(memory.size()) + " bytes is none");
    std::fill(memory.begin(), memory.end(), std::byte{0});
    auto* const channel = reinterpret_cast<xvm_channel*>(memory.data());
    channel->constants = {XVM_CHANNEL_MAGIC,        XVM_CHANNEL_ABI_MAJOR, XVM_CHANNEL_ABI_MINOR,
                          XVM_CHANNEL_HEADER_BYTES, XVM_CHANNEL_WORDS,     {}};
    return End(channel->down, words_at(memory, 0), channel->up, words_at(memory, 1));
}

Result<End> End::attach(std::span<std::byte> memory) {
    if (memory.size() != XVM_CHANNEL_REGION_BYTES)
        return refuse("a region of " + std::to_string(memory.size()) + " bytes is none");
    auto* const channel = reinterpret_cast<xvm_channel*>(memory.data());
    const auto copy = Shared_memory::load_slot<xvm_channel_constants>(
        reinterpret_cast<std::uint64_t*>(&channel->constants), 0);
    if (copy.magic != XVM_CHANNEL_MAGIC) return refuse("has no magic XVMCHAN1 at its start");
    if (copy.abi_major != XVM_CHANNEL_ABI_MAJOR)
        return refuse("its major version is " + std::to_string(copy.abi_major));
    if (copy.header_bytes != XVM_CHANNEL_HEADER_BYTES || copy.words != XVM_CHANNEL_WORDS)
        return refuse("is of another shape");
    return End(channel->up, words_at(memory, 1), channel->down, words_at(memory, 0));
}

bool End::put(const Message& message) {
    if (message.payload.size() > XVM_CHANNEL_MESSAGE_BYTES) return false;
    const std::size_t bytes = message.payload.size() + sizeof(xvm_frame);
    if (backlog_bytes_ + bytes > backlog_bytes) return false;
    backlog_.push_back(encode(message));
    backlog_bytes_ += backlog_.back().size() * sizeof(Word);
    return true;
}

/// Whether the peer is to be told.
bool End::send() {
    bool notify = false;
    while (!backlog_.empty()) {
        std::uint32_t room = producer_.room();
        if (room == 0) {
            if (producer_.broken()) return notify;
            // Ask for an event, and look again: the room may have come between.
            Memory::store_flag(*want_room_, XVM_RING_SLEEPING);
            Memory::fence_after_arm();
            if (producer_.room() == 0) return notify;
            Memory::store_flag(*want_room_, XVM_RING_RUNNING);
            continue;
        }
        const std::vector<Word>& words = backlog_.front();
        for (; room > 0 && sent_ < words.size(); --room)
            producer_.push(words[sent_++]);
        notify |= producer_.publish();
        if (sent_ < words.size()) continue;
        backlog_bytes_ -= words.size() * sizeof(Word);
        sent_ = 0;
        backlog_.pop_front();
    }
    return notify;
}

void End::take(Turn& turn, std::size_t& words) {
    Word word = 0;
    while (words < turn_words && assembler_.fault().empty() && consumer_.take(word) == ring::Take::taken) {
        ++words;
        if (auto message = assembler_.take(word)) turn.got.push_back(std::move(*message));
    }
}

/// Gives back what was taken. Whether a peer that waits for room is to be told.
bool End::give_room() {
    consumer_.release();
    Memory::fence_after_publish();
    const std::uint32_t seen = Memory::load_flag(*peer_room_);
    if (seen == XVM_RING_RUNNING || seen == XVM_RING_WAKING) return false;
    return Memory::compare_exchange_flag(*peer_room_, seen, XVM_RING_WAKING);
}

End::Turn End::turn() {
    Turn turn;
    if (!fault().empty()) return turn;
    std::size_t words = 0;
    consumer_.begin_wake();
    for (;;) {
        take(turn, words);
        turn.notify |= give_room();
        turn.notify |= send();
        if (!fault().empty()) return turn;
        if (words >= turn_words) {
            turn.more = true;
            return turn;
        }
        if (consumer_.arm() == ring::Arm::sleep) return turn;
    }
}

std::string_view End::fault() const noexcept {
    if (producer_.broken() || consumer_.broken()) return "an impossible index";
    return assembler_.fault();
}

} // namespace xvm::channel
