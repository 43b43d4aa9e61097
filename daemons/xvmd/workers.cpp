// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvmd/workers.hpp"

#include <algorithm>
#include <new>
#include <spdlog/spdlog.h>

namespace xvm::xvmd {

Result<std::unique_ptr<Workers>> Workers::start(std::size_t threads, const Open_ports& open, Shared shared) {
    std::unique_ptr<Workers> workers(new Workers(std::move(shared)));
    for (std::size_t i = 0; i < threads; ++i) {
        XVM_TRY_LET(auto ports, open());
        workers->ports_.push_back(std::move(ports));
    }
    for (std::size_t i = 0; i < threads; ++i)
        workers->threads_.emplace_back([self = workers.get(), i] { self->work(i); });
    return workers;
}

void Workers::stop() {
    {
        std::deque<Item> dropped; // its end answers clients: not under the lock
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        dropped.swap(queue_);
    }
    changed_.notify_all();
    for (std::thread& thread : threads_)
        if (thread.joinable()) thread.join();
}

Status Workers::submit(std::string key, Job job) {
    {
        const std::lock_guard lock(mutex_);
        if (stopping_) return fail(Fault::unreachable, "xvmd", "is ending", "ask again when it has started");
        if (queue_.size() >= queue_max)
            return fail(Fault::exhausted, "xvmd", "too many requests wait already", "ask again in a moment");
        queue_.push_back({std::move(key), std::move(job)});
    }
    changed_.notify_all();
    return {};
}

std::deque<Workers::Item>::iterator Workers::next_ready() {
    // The first of a key in the queue is the oldest, and all of a busy key wait: so they stay in order.
    return std::find_if(queue_.begin(), queue_.end(),
                        [&](const Item& item) { return !busy_.contains(item.key); });
}

void Workers::work(std::size_t self) {
    Port_set& own = *ports_[self];
    run::Ports ports{own.domains(), own.store(),     shared_.block_backend, shared_.patience,
                     shared_.book,  shared_.journal, &own.network(),        &own.loops()};
    ports.images = shared_.images;
    ports.shells = shared_.shells;
    std::unique_lock lock(mutex_);
    for (;;) {
        auto next = queue_.end();
        free_.insert(self);
        changed_.wait(lock, [&] {
            return stopping_ || (*free_.begin() == self && (next = next_ready()) != queue_.end());
        });
        free_.erase(self);
        if (stopping_) return;
        Item item = std::move(*next);
        queue_.erase(next);
        if (!item.key.empty()) busy_.insert(item.key);
        changed_.notify_all(); // the next free one may find another job
        lock.unlock();
        try {
            item.job(ports);
        } catch (const std::bad_alloc&) {
            // A kernel of gigabytes, say. The job's Reply dies with it and tells the client.
            spdlog::error("out of memory in a request");
        }
        item.job = {};
        lock.lock();
        busy_.erase(item.key);
        changed_.notify_all();
    }
}

} // namespace xvm::xvmd
