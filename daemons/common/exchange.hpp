// SPDX-License-Identifier: Apache-2.0
// One request between the threads that answer it and the session that writes the answer. Internal to the
// server.
//
// Invariant: what waits to be written is bounded; the session is woken on the context's thread, at most once
// for all that came meanwhile; after finish() nothing holds a callback any more.
#pragma once

#include "daemons/common/message.hpp"

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <mutex>
#include <optional>
#include <vector>

namespace xvm::daemon {

class Exchange final : public Client, public std::enable_shared_from_this<Exchange> {
  public:
    Exchange(const boost::asio::any_io_executor& executor, std::size_t waiting_bytes_max);

    void answer(Response response) override;
    void begin(std::string content_type) override;
    bool append(std::string text) override;
    void end() override;
    [[nodiscard]] bool gone() const noexcept override { return gone_; }
    void on_gone(std::function<void()> function) override;

    /// What came since the last time.
    struct News {
        std::optional<Response> response;
        std::optional<std::string> content_type; ///< a stream begins
        std::string text;                        ///< of the stream
        bool ended = false;                      ///< and it is complete
    };

    // The session's side: the context's thread.
    /// Ends when there may be news, or the client is gone, or poke() was called.
    [[nodiscard]] boost::asio::awaitable<void> changed();
    [[nodiscard]] News take();
    /// The connection broke.
    void lose();
    void poke() { wake_.try_send(boost::system::error_code{}); }
    /// The session is done with it, well or not.
    void finish();

  private:
    void wake(std::unique_lock<std::mutex> lock);
    void tell_gone(); ///< on the context's thread

    boost::asio::any_io_executor executor_;
    boost::asio::experimental::channel<void(boost::system::error_code)> wake_;
    const std::size_t waiting_bytes_max_;
    std::atomic<bool> gone_{false};
    std::mutex mutex_; ///< guards all below
    News news_;
    bool woken_ = false;
    bool finished_ = false;
    std::vector<std::function<void()>> when_gone_;
};

} // namespace xvm::daemon
