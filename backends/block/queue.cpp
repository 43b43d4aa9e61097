// SPDX-License-Identifier: Apache-2.0
#include "backends/block/queue.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <utility>

namespace xvm::block {

namespace asio = boost::asio;

Result<std::shared_ptr<Queue>> Queue::connect(const asio::any_io_executor& pool, Handles handles,
                                              const Peer& peer, Image image, bool read_only,
                                              Handlers handlers) {
    XVM_TRY_LET(port::Grant_map map, handles.grants->map(peer.guest, peer.ring, port::Access::read_write));
    XVM_TRY_LET(const ring::Region region, ring::Region::attach(map.bytes(), peer.features));
    if (!region.at_rest())
        return fail(Fault::busy, "ring", "requests went through it before",
                    "the front end offers a fresh one");
    XVM_TRY_LET(const Evtchn_port local, handles.events->bind_interdomain(peer.guest, peer.port));
    port::Evtchn evtchn(*handles.events, local);
    return std::shared_ptr<Queue>(new Queue(pool, std::move(handles), std::move(map), std::move(evtchn),
                                            region, peer.guest, std::move(image), read_only,
                                            std::move(handlers)));
}

Queue::Queue(const asio::any_io_executor& pool, Handles handles, port::Grant_map map, port::Evtchn evtchn,
             const ring::Region& region, Domid guest, Image image, bool read_only, Handlers handlers)
    : strand_(asio::make_strand(pool)), handles_(std::move(handles)), map_(std::move(map)),
      evtchn_(std::move(evtchn)), region_(region),
      device_(std::make_unique<Device>(region_, *handles_.grants, guest, std::move(image), read_only,
                                       handles_.clock.get(), handles_.trace.get())),
      descriptor_(strand_, handles_.events->fd()), handlers_(std::move(handlers)) {}

Queue::~Queue() {
    let_go();
}

void Queue::start() {
    asio::post(strand_, [self = shared_from_this()] { self->wait(); });
}

void Queue::stop(std::function<void()> done) {
    asio::post(strand_, [self = shared_from_this(), done = std::move(done)] {
        self->let_go();
        done();
    });
}

void Queue::resize(std::uint64_t sectors) {
    asio::post(strand_, [self = shared_from_this(), sectors] {
        if (self->device_) self->device_->set_sectors(sectors);
    });
}

/// A freshly bound port is pending once, so what was in the ring before is seen too.
void Queue::wait() {
    if (stopped_) return;
    descriptor_.async_wait(
        asio::posix::stream_descriptor::wait_read,
        asio::bind_executor(strand_, [self = shared_from_this()](boost::system::error_code e) {
            if (!e) self->on_event();
        }));
}

void Queue::on_event() {
    if (stopped_) return;
    bool woken = false;
    for (;;) {
        const auto pending = handles_.events->next();
        if (!pending && handlers_.failure) handlers_.failure(pending.error());
        if (!pending || !*pending) break;
        woken = woken || **pending == evtchn_.port();
    }
    if (!woken) return wait();
    device_->begin_wake();
    work();
}

void Queue::work() {
    if (stopped_) return;
    if (handlers_.at_work) handlers_.at_work(true);
    const Device::Run run = device_->run();
    if (handlers_.at_work) handlers_.at_work(false);
    if (run.send) static_cast<void>(evtchn_.notify()); // a peer that is gone is the session's business
    report();
    if (run.worked || device_->broken()) take_snapshot(); // else nothing is new
    if (device_->broken()) {
        // The port stays masked: whatever the guest sends now costs nobody anything.
        if (handlers_.broken) handlers_.broken();
        return;
    }
    const auto again = [self = shared_from_this()] { self->work(); };
    if (run.worked) return asio::post(strand_, again);
    static_cast<void>(evtchn_.unmask()); // before the last look: what came meanwhile shows up after it
    if (device_->arm() == ring::Arm::work) return asio::post(strand_, again);
    wait();
}

void Queue::report() {
    const std::optional<Error> failure = device_->take_failure();
    const auto now = std::chrono::steady_clock::now();
    if (!failure || !handlers_.failure || now < report_again_) return;
    report_again_ = now + failure_pause;
    handlers_.failure(*failure);
}

void Queue::take_snapshot() {
    const std::lock_guard lock(snapshot_mutex_);
    // In its place: with the histograms it is more than a kilobyte, and comes with every batch.
    snapshot_.counters = device_->counters();
    snapshot_.back = device_->ring_counters();
    snapshot_.front = region_.claimed_front();
    snapshot_.profile = device_->profile();
}

Queue::Snapshot Queue::snapshot() const {
    const std::lock_guard lock(snapshot_mutex_);
    return snapshot_;
}

/// In this order: no event any more, no access to the ring, no mapping.
void Queue::let_go() noexcept {
    if (std::exchange(stopped_, true)) return;
    descriptor_.release(); // cancels the wait; the descriptor is the handle's
    take_snapshot();
    device_.reset();
    evtchn_.reset();
    map_ = {};
}

} // namespace xvm::block
