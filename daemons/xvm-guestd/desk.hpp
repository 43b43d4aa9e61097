// SPDX-License-Identifier: Apache-2.0
// Where guests' requests come in: looks in the store for guests that offer a channel, takes their requests,
// and has them answered elsewhere, one at a time of each guest.
//
// Invariant: a guest has at most one channel here and one request under way; who sends faster waits, and the
// others do not. What a guest granted is let go of as soon as it takes its offer back or is no more. Used by
// the context's thread alone.
#pragma once

#include "daemons/xvm-guestd/answer.hpp"
#include "daemons/xvmd/service_channel.hpp"
#include "libvmshare/port/store.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <map>

namespace xvm::guestd {

class Desk {
  public:
    /// All outlive it.
    Desk(boost::asio::io_context& context, port::Store& store, xvmd::Channel_ports& ports, const Ways& ways,
         const Rules& rules);
    Desk(const Desk&) = delete;
    Desk& operator=(const Desk&) = delete;
    ~Desk();

    [[nodiscard]] Status start();

    /// Does what there is to do, as when a descriptor is readable; for tests.
    void look();
    [[nodiscard]] std::size_t channels() const noexcept;

    static constexpr std::size_t channels_max = 32;
    static constexpr std::size_t messages_a_turn = 16;

  private:
    struct Line {
        std::string offer;
        std::optional<xvmd::Service_channel> channel;
        std::uint64_t serial = 0; ///< of the channel: an answer that comes late of an earlier one is dropped
        bool busy = false;
    };

    void await(boost::asio::posix::stream_descriptor& descriptor);
    void survey();
    void read_offer(Domid domid);
    void turn(Domid domid, Line& line);
    void take(Domid domid, Line& line, const channel::Message& message);
    void answer(Domid domid, std::uint64_t serial, std::uint64_t id, std::string text);
    void put(Line& line, std::uint64_t id, std::string text);
    void rest();

    boost::asio::io_context& context_;
    port::Store& store_;
    xvmd::Channel_ports& ports_;
    const Ways& ways_;
    const Rules& rules_;
    boost::asio::posix::stream_descriptor store_fd_;
    boost::asio::posix::stream_descriptor events_fd_;
    boost::asio::steady_timer timer_;
    bool resting_ = false;
    std::uint64_t serial_ = 0;
    std::map<Domid, Line> lines_; ///< of every guest there is
    boost::asio::thread_pool pool_{4};
};

} // namespace xvm::guestd
