// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvmd/workers.hpp"

#include <algorithm>
#include <new>
#include <spdlog/spdlog.h>
#include <string_view>

namespace xvm::xvmd {

Result<std::unique_ptr<Workers>> Workers::start(std::size_t threads, const Open_ports& open, Shared shared) {
    std::unique_ptr<Workers> workers(new Workers(std::move(shared)));
    for (std::size_t i = 0; i < threads; ++i) {
        XVM_TRY_LET(auto ports, open());
        workers->ports_.push_back(std::move(ports));
        workers->wakes_.emplace_back();
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
    for (std::condition_variable& wake : wakes_)
        wake.notify_one();
    for (std::thread& thread : threads_)
        if (thread.joinable()) thread.join();
}

Status Workers::submit(std::string key, Job job) {
    std::vector<std::string> keys;
    if (!key.empty()) keys.push_back(std::move(key));
    return submit_for(std::move(keys), std::move(job));
}

Status Workers::submit_for(std::vector<std::string> keys, Job job) {
    {
        const std::lock_guard lock(mutex_);
        if (stopping_) return fail(Fault::unreachable, "xvmd", "is ending", "ask again when it has started");
        if (queue_.size() >= queue_max)
            return fail(Fault::exhausted, "xvmd", "too many requests wait already", "ask again in a moment");
        queue_.push_back({std::move(keys), std::move(job)});
        wake_first_free();
    }
    return {};
}

void Workers::wake_first_free() {
    if (!free_.empty()) wakes_[*free_.begin()].notify_one();
}

std::deque<Workers::Item>::iterator Workers::next_ready() {
    // What an older job waits for, a younger one does not take: so they stay in order, and none waits for
    // ever.
    std::set<std::string_view> wanted;
    for (auto item = queue_.begin(); item != queue_.end(); ++item) {
        const bool ready = std::none_of(item->keys.begin(), item->keys.end(), [&](const std::string& key) {
            return busy_.contains(key) || wanted.contains(key);
        });
        if (ready) return item;
        wanted.insert(item->keys.begin(), item->keys.end());
    }
    return queue_.end();
}

void Workers::work(std::size_t self) {
    Port_set& own = *ports_[self];
    run::Ports ports{own.domains(), own.store(),     shared_.block_backend, shared_.patience,
                     shared_.book,  shared_.journal, &own.network(),        &own.loops()};
    ports.images = shared_.images;
    ports.shells = shared_.shells;
    ports.reservations = shared_.reservations;
    ports.direct = own.direct();
    ports.grants = own.grants();
    ports.events = own.events();
    ports.devices = shared_.devices;
    std::unique_lock lock(mutex_);
    for (;;) {
        auto next = queue_.end();
        free_.insert(self);
        if (*free_.begin() != self) wake_first_free();
        wakes_[self].wait(lock, [&] {
            return stopping_ || (*free_.begin() == self && (next = next_ready()) != queue_.end());
        });
        free_.erase(self);
        if (stopping_) return;
        Item item = std::move(*next);
        queue_.erase(next);
        busy_.insert(item.keys.begin(), item.keys.end());
        wake_first_free(); // it may find another job
        lock.unlock();
        try {
            item.job(ports);
        } catch (const std::bad_alloc&) {
            // A kernel of gigabytes, say. The job's Reply dies with it and tells the client.
            spdlog::error("out of memory in a request");
        }
        item.job = {};
        lock.lock();
        for (const std::string& key : item.keys)
            busy_.erase(key);
    }
}

} // namespace xvm::xvmd
