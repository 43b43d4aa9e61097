// SPDX-License-Identifier: Apache-2.0
// Has xvmd move memory, several moves at once, each on a thread of its own that waits for the answer.
//
// Invariant: of one guest there is one move at a time; who asks for a second gets no.
#pragma once

#include "daemons/xvm-memd/world_json.hpp"

#include <boost/asio/io_context.hpp>
#include <functional>
#include <list>
#include <set>
#include <thread>

namespace xvm::memd {

/// How a move went: what it moved, or why it did not.
using Outcome = tl::expected<std::uint64_t, api::Failure>;

class Mover {
  public:
    using Asked = std::function<Outcome(const balance::Move&)>;             ///< blocks; on another thread
    using Done = std::function<void(const balance::Move&, const Outcome&)>; ///< on the context's

    Mover(boost::asio::io_context& context, Asked ask, Done done)
        : context_(context), ask_(std::move(ask)), done_(std::move(done)) {}
    ~Mover(); ///< waits for those that are under way

    /// False: one of its guests is in a move, or there are too many.
    [[nodiscard]] bool begin(const balance::Move& move);
    [[nodiscard]] bool is_idle() const noexcept { return threads_.empty(); }
    /// Its memory is moving.
    [[nodiscard]] bool is_busy(const Uuid& uuid) const { return busy_.contains(uuid); }

  private:
    void end(std::list<std::thread>::iterator thread, const balance::Move& move, const Outcome& outcome);

    boost::asio::io_context& context_;
    Asked ask_;
    Done done_;
    std::set<Uuid> busy_;
    std::list<std::thread> threads_;
};

/// Asks the xvmd at `socket`; ends early when `stop_fd` is readable.
[[nodiscard]] Outcome ask_for_move(const std::string& socket, int stop_fd, const balance::Move& move);

} // namespace xvm::memd
