// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvm-blkd/vbd.hpp"

#include "xenstore-schema/nodes.hpp"

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

namespace xvm::blkd {

namespace asio = boost::asio;
namespace back = schema::xvbd::backend;
namespace front = schema::xvbd::frontend;
using xenbus::Backend_step;
using xenbus::Device_state;

namespace {

/// A guest that changes its state as fast as we look at it gets its turn again with the next watch.
constexpr int looks_max = 8;

xenbus::Ring_offer offer() {
    return {std::string(back::protocol_value), xenbus::ring_pages_max, XVM_RING_F_ALL};
}

} // namespace

Vbd::Vbd(Shop& shop, Vbd_id id, std::function<void()> gone)
    : shop_(shop), id_(id), gone_(std::move(gone)),
      session_(*shop.world.store, schema::xvbd::transitions, xenbus::Side::backend,
               {back::dir(id.guest, id.devid), front::dir(id.guest, id.devid)}) {}

std::string Vbd::name() const {
    return "vbd " + std::to_string(number(id_.guest)) + "/" + std::to_string(id_.devid);
}

void Vbd::look() {
    if (ended_) return;
    look_again_ = stopping_;
    if (stopping_) return;
    for (int looks = 0; looks < looks_max && !stopping_ && !ended_; ++looks) {
        const auto next = read_states().and_then([this](const auto& states) { return act(states); });
        if (!next) spdlog::error("{}: {}", name(), next.error().line());
        if (!next || *next == Next::done) return;
    }
}

Result<xenbus::Session::States> Vbd::read_states() {
    XVM_TRY_LET(xenbus::Session::States states, session_.states());
    // A dead domain's nodes stay for a while and say that all is well.
    XVM_TRY_LET(const bool present, shop_.world.store->present(id_.guest));
    if (!present) states.peer = Device_state::unknown;
    state_ = states.own;
    return states;
}

Result<Vbd::Next> Vbd::act(const xenbus::Session::States& states) {
    spdlog::debug("{}: own {} peer {}", name(), schema::name(states.own), schema::name(states.peer));
    // Our state went back to the start: another device took this one's place.
    if (announced_ && states.own == Device_state::initialising) {
        announced_ = false;
        error_.clear();
        last_ = {};
        stop_queue([this] { look(); });
        return Next::done;
    }
    switch (xenbus::backend_step({states.own, states.peer, announced_})) {
    case Backend_step::wait:
        follow_size();
        return Next::done;
    case Backend_step::announce:
        return announce();
    case Backend_step::connect:
        return connect();
    case Backend_step::close:
        return close();
    case Backend_step::forget:
        forget();
        return Next::done;
    }
    return Next::done;
}

/// What became of a state we wanted to write.
Result<Vbd::Next> Vbd::went(Status status) {
    if (status) return Next::look_again;
    if (status.error().fault == Fault::busy || status.error().fault == Fault::not_found)
        return Next::look_again;
    return tl::unexpected<Error>(std::move(status.error()));
}

Result<Vbd::Next> Vbd::refuse(const std::string& why) {
    spdlog::warn("{}: refused: {}", name(), why);
    error_ = why;
    return went(session_.refuse(why));
}

Result<Vbd::Next> Vbd::announce() {
    auto config = read_config(*shop_.world.store, id_);
    if (!config) return refuse(config.error().line());
    config_ = std::move(*config);
    image_.reset(); // its lock must not stand in the way of the new one
    auto image = open_image(config_, shop_.packs);
    if (!image) return refuse(image.error().line());
    image_.emplace(std::move(*image));

    std::vector<xenbus::Node_value> nodes = xenbus::nodes_of(offer());
    nodes.push_back({std::string(back::feature_flush), config_.read_only ? "0" : "1"});
    nodes.push_back({std::string(back::segments_max), std::to_string(block::segments_max)});
    Status gone_there = session_.go(Device_state::init_wait, nodes);
    announced_ = gone_there.has_value();
    if (announced_)
        spdlog::info("{}: {} {}, {}, {} sectors", name(),
                     config_.kind == Disk_kind::pack ? "pack" : "raw file", config_.path,
                     config_.read_only ? "read-only" : "read-write", image_->sectors());
    return went(std::move(gone_there));
}

Result<Vbd::Next> Vbd::connect() {
    const auto names = xenbus::ring_node_names(xenbus::ring_pages_max);
    XVM_TRY_LET(const xenbus::Peer_nodes nodes, session_.read_peer(names));
    auto ring = xenbus::parse_peer_ring(nodes, offer());
    if (!ring) return refuse("front end's " + ring.error().line());
    XVM_TRY_LET(block::Queue::Handles handles, shop_.world.open_handles());
    handles.trace = trace_;

    // Weak: a message of a queue that outlived its session is dropped.
    const auto on_main = [weak = weak_from_this(), main = shop_.main](auto&& act_on) {
        asio::post(main, [weak, act_on] {
            if (const auto self = weak.lock()) act_on(*self);
        });
    };
    block::Queue::Handlers handlers;
    handlers.broken = [on_main] {
        on_main([](Vbd& self) {
            if (self.ended_ || self.stopping_) return;
            const auto next = self.refuse("the front end broke the ring's rules");
            if (!next) spdlog::error("{}: {}", self.name(), next.error().line());
            self.look();
        });
    };
    handlers.failure = [on_main](const Error& error) {
        on_main([line = error.line()](Vbd& self) { spdlog::error("{}: {}", self.name(), line); });
    };
    handlers.at_work = shop_.at_work;
    // The file may have another size than at the offer.
    if (!image_->follow_size()) spdlog::debug("{}: keeps its size", name());
    auto queue = block::Queue::connect(shop_.pool, std::move(handles),
                                       {id_.guest, ring->grefs, ring->port, ring->features}, *image_,
                                       config_.read_only, std::move(handlers));
    if (!queue && queue.error().fault == Fault::busy) return Next::done; // the front end will see init-wait
    if (!queue) return refuse(queue.error().line());
    const xenbus::Node_value sizes[] = {
        {std::string(back::sectors), std::to_string(image_->sectors())},
        {std::string(back::sector_bytes), std::to_string(XVM_BLK_SECTOR_BYTES)},
    };
    Status connected = session_.go(Device_state::connected, sizes);
    if (connected) {
        queue_ = std::move(*queue);
        queue_->start();
        spdlog::info("{}: connected, ring of {} pages", name(), ring->grefs.size());
    }
    return went(std::move(connected));
}

/// The file may have another size by now: whoever changed it wrote something below our directory.
void Vbd::follow_size() {
    if (!queue_) return;
    const std::uint64_t before = image_->sectors();
    const auto changed = image_->follow_size();
    const std::string fault = changed ? std::string{} : changed.error().line();
    if (!fault.empty() && fault != size_fault_) spdlog::warn("{}: keeps its size: {}", name(), fault);
    size_fault_ = fault;
    if (!changed || !*changed) return;
    queue_->resize(image_->sectors());
    const xenbus::Node_value size{std::string(back::sectors), std::to_string(image_->sectors())};
    const Status told = session_.tell(Device_state::connected, std::span(&size, 1));
    // Whatever state came between: connect() publishes the size, too.
    if (!told && told.error().fault != Fault::busy && told.error().fault != Fault::not_found)
        spdlog::error("{}: {}", name(), told.error().line());
    spdlog::info("{}: {} sectors, were {}", name(), image_->sectors(), before);
}

Result<Vbd::Next> Vbd::close() {
    if (queue_) {
        stop_queue([this] { look(); });
        return Next::done;
    }
    image_.reset();
    announced_ = false;
    spdlog::info("{}: closed", name());
    return went(session_.go(Device_state::closed));
}

void Vbd::forget() {
    ended_ = true;
    stop_queue([this] {
        image_.reset();
        spdlog::info("{}: gone", name());
        gone_();
    });
}

/// Ends the queue, if there is one; then, on the main thread, `then`, and what was missed meanwhile.
void Vbd::stop_queue(std::function<void()> then) {
    if (stopping_) return;
    stopping_ = true;
    auto finish = [self = shared_from_this(), then = std::move(then)] {
        self->stopping_ = false;
        then();
        if (self->look_again_) self->look();
    };
    if (!queue_) return asio::post(shop_.main, std::move(finish));
    const auto queue = std::exchange(queue_, nullptr);
    queue->stop([self = shared_from_this(), queue, main = shop_.main, finish = std::move(finish)] {
        asio::post(main, [self, queue, finish] {
            self->last_ = queue->snapshot();
            finish();
        });
    });
}

void Vbd::shut_down(std::function<void()> done) {
    ended_ = true;
    if (stopping_)
        return asio::post(shop_.main, [self = shared_from_this(), done] { self->shut_down(done); });
    stop_queue(std::move(done));
}

Vbd::Report Vbd::report() const {
    return {state_,
            config_,
            image_ ? image_->sectors() : 0,
            queue_ != nullptr,
            queue_ ? queue_->snapshot() : last_,
            error_};
}

} // namespace xvm::blkd
