// SPDX-License-Identifier: Apache-2.0
#include "daemons/common/exchange.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace xvm::daemon {
namespace asio = boost::asio;

Exchange::Exchange(const asio::any_io_executor& executor, std::size_t waiting_bytes_max)
    : executor_(executor), wake_(executor, 1), waiting_bytes_max_(waiting_bytes_max) {}

void Exchange::wake(std::unique_lock<std::mutex> lock) {
    if (woken_ || finished_) return;
    woken_ = true;
    lock.unlock();
    asio::post(executor_, [self = shared_from_this()] { self->poke(); });
}

void Exchange::answer(Response response) {
    std::unique_lock lock(mutex_);
    news_.response = std::move(response);
    news_.ended = true;
    wake(std::move(lock));
}

void Exchange::begin(std::string content_type) {
    std::unique_lock lock(mutex_);
    news_.content_type = std::move(content_type);
    wake(std::move(lock));
}

bool Exchange::append(std::string text) {
    std::unique_lock lock(mutex_);
    if (gone_ || finished_) return false;
    if (news_.text.size() + text.size() > waiting_bytes_max_) {
        news_.text = {};
        gone_ = true;
        asio::post(executor_, [self = shared_from_this()] { self->tell_gone(); });
        return false;
    }
    news_.text += text;
    wake(std::move(lock));
    return true;
}

void Exchange::end() {
    std::unique_lock lock(mutex_);
    news_.ended = true;
    wake(std::move(lock));
}

void Exchange::on_gone(std::function<void()> function) {
    const std::lock_guard lock(mutex_);
    if (finished_) return;
    when_gone_.push_back(std::move(function));
    if (gone_) asio::post(executor_, [self = shared_from_this()] { self->tell_gone(); });
}

asio::awaitable<void> Exchange::changed() {
    co_await wake_.async_receive(asio::as_tuple(asio::use_awaitable));
}

Exchange::News Exchange::take() {
    const std::lock_guard lock(mutex_);
    woken_ = false;
    return std::exchange(news_, {});
}

void Exchange::lose() {
    gone_ = true;
    tell_gone();
}

void Exchange::tell_gone() {
    std::vector<std::function<void()>> functions;
    {
        const std::lock_guard lock(mutex_);
        functions.swap(when_gone_);
    }
    for (const auto& function : functions)
        function();
    poke();
}

void Exchange::finish() {
    std::vector<std::function<void()>> dropped; // they may own what calls us back: not under the lock
    const std::lock_guard lock(mutex_);
    finished_ = true;
    gone_ = true;
    dropped.swap(when_gone_);
}

} // namespace xvm::daemon
