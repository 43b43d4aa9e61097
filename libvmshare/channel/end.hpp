// SPDX-License-Identifier: Apache-2.0
// One end of a channel: messages into one queue, and out of the other. Pure logic on memory; whoever has the
// end sends and receives the events (an eventfd, or an event channel).
//
// Invariant: what does not fit into the queue waits here, and no more than backlog_bytes of it; nobody is
// left asleep with words or room for it (the two flags are libvmshare/ring/wake.hpp's protocol, once a
// direction). The peer's indices and words are believed only within what is possible: the first impossible
// one breaks the end for good.
#pragma once

#include "libvmshare/base/result.hpp"
#include "libvmshare/channel/message.hpp"
#include "libvmshare/ring/queue.hpp"

#include <cstddef>
#include <deque>
#include <span>

namespace xvm::channel {

enum class Side { broker, service };

class End {
  public:
    /// Makes `memory` (XVM_CHANNEL_REGION_BYTES, page-aligned) a channel at rest: the broker's end of it.
    [[nodiscard]] static Result<End> create(std::span<std::byte> memory);
    /// The service's. failed: the memory is no channel, or one of another version.
    [[nodiscard]] static Result<End> attach(std::span<std::byte> memory);

    /// Takes a message for sending; turn() sends it. False: too much waits already, or it is too long.
    [[nodiscard]] bool put(const Message& message);

    struct Turn {
        std::vector<Message> got;
        bool notify = false; ///< the caller sends the peer an event now
        bool more = false;   ///< there is more to take: call again, without an event
    };
    /// On an event, and after put(): sends what can be sent, takes what has come. Unless `more` it may sleep
    /// afterwards: an event comes when there is anything to do.
    [[nodiscard]] Turn turn();

    /// Why nothing comes or goes any more; empty: all is well.
    [[nodiscard]] std::string_view fault() const noexcept;
    /// Bytes that wait to be sent.
    [[nodiscard]] std::size_t backlog() const noexcept { return backlog_bytes_; }

    /// Several of the largest messages.
    static constexpr std::size_t backlog_bytes = 4 * std::size_t{XVM_CHANNEL_MESSAGE_BYTES};
    /// A turn takes no more words than the queue has twice, so that a peer cannot keep it.
    static constexpr std::size_t turn_words = 2 * std::size_t{XVM_CHANNEL_WORDS};

  private:
    using Memory = ring::Shared_memory;
    using Word = std::uint64_t;

    End(xvm_channel_queue& out, std::uint64_t* out_words, xvm_channel_queue& in, std::uint64_t* in_words);
    bool send();
    void take(Turn& turn, std::size_t& words);
    bool give_room();

    ring::Producer<Word> producer_;
    ring::Consumer<Word> consumer_;
    std::uint32_t* want_room_; ///< ours
    std::uint32_t* peer_room_;
    Assembler assembler_;
    std::deque<std::vector<Word>> backlog_;
    std::size_t sent_ = 0; ///< words of the first in the backlog
    std::size_t backlog_bytes_ = 0;
};

} // namespace xvm::channel
