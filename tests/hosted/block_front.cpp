// SPDX-License-Identifier: Apache-2.0
#include "tests/hosted/block_front.hpp"

#include "xenstore-schema/nodes.hpp"

#include <array>
#include <poll.h>
#include <stdexcept>
#include <time.h>

namespace xvm::test {

namespace back = schema::xvbd::backend;
namespace front = schema::xvbd::frontend;
namespace config = schema::xvbd::config;
using xenbus::Device_state;

namespace {

void need(const Status& status) {
    if (!status) throw std::runtime_error(status.error().line());
}

template <class T>
T need(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().line());
    return std::move(*result);
}

std::vector<port::Store_permission> permissions_of(std::span<const schema::Permission> wanted, Domid guest) {
    std::vector<port::Store_permission> permissions;
    for (const schema::Permission& p : wanted)
        permissions.push_back({schema::domid_of(p, guest), static_cast<port::Store_access>(p.access)});
    return permissions;
}

std::int64_t now_ms() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

constexpr int patience_ms = 20'000;

} // namespace

void write_disk_nodes(port::Store& store, const Disk_spec& spec) {
    const std::string b = back::dir(spec.guest, spec.devid), f = front::dir(spec.guest, spec.devid),
                      c = config::dir(spec.guest, spec.devid);
    need(port::transact(store, [&](port::Txn txn) -> Status {
        const auto write = [&](const std::string& dir, std::string_view node, const std::string& value) {
            return store.write(schema::path(dir, node), value, txn);
        };
        XVM_TRY(store.make(c, txn));
        XVM_TRY(store.set_permissions(c, permissions_of(config::permissions, spec.guest), txn));
        XVM_TRY(write(c, config::kind, spec.kind));
        XVM_TRY(write(c, config::path, spec.path));
        XVM_TRY(write(c, config::mode, spec.mode));
        XVM_TRY(store.make(b, txn));
        XVM_TRY(store.set_permissions(b, permissions_of(back::permissions, spec.guest), txn));
        XVM_TRY(write(b, back::frontend, f));
        XVM_TRY(write(b, back::frontend_id, std::to_string(number(spec.guest))));
        XVM_TRY(write(b, back::online, "1"));
        XVM_TRY(write(b, back::mode, spec.mode));
        XVM_TRY(write(b, back::dev, "xvda"));
        XVM_TRY(store.make(f, txn));
        XVM_TRY(store.set_permissions(f, permissions_of(front::permissions, spec.guest), txn));
        XVM_TRY(write(f, front::backend, b));
        XVM_TRY(write(f, front::backend_id, "0"));
        XVM_TRY(write(f, front::dev, "xvda"));
        XVM_TRY(write(f, front::state, "1"));
        return write(b, back::state, "1");
    }));
}

void remove_disk_nodes(port::Store& store, const Disk_spec& spec) {
    need(store.remove(back::dir(spec.guest, spec.devid)));
    need(store.remove(front::dir(spec.guest, spec.devid)));
    need(store.remove(config::dir(spec.guest, spec.devid)));
}

void request_close(port::Store& store, const Disk_spec& spec) {
    const std::string b = back::dir(spec.guest, spec.devid);
    need(store.write(schema::path(b, back::online), "0"));
    need(store.write(schema::path(b, back::state), "5"));
}

Block_front::Block_front(std::unique_ptr<port::hosted::Process> process, Domid guest, std::uint32_t devid,
                         std::uint32_t ring_pages)
    : process_(std::move(process)), guest_(guest),
      session_(process_->store(), schema::xvbd::transitions, xenbus::Side::frontend,
               {front::dir(guest, devid), back::dir(guest, devid)}),
      ring_pages_(ring_pages) {
    need(process_->store().watch(schema::path(session_.paths().peer, back::state), "peer"));
}

Block_front::~Block_front() = default;

port::Granter::Shared Block_front::share(std::size_t pages, port::Access access) {
    return need(process_->granter().share(dom0, pages, access));
}

void Block_front::connect() {
    const std::int64_t end = now_ms() + patience_ms;
    while (!flowing_) {
        if (now_ms() > end) throw std::runtime_error("the back end did not connect: " + error());
        follow_states();
        if (!flowing_) poll_once(100);
    }
}

void Block_front::submit(const xvm_blk_request& request) {
    waiting_.push_back(request);
}

std::map<std::uint64_t, std::int32_t> Block_front::wait() {
    const std::int64_t end = now_ms() + patience_ms;
    if (client_ && flowing_) push_waiting();
    while (answers_.empty()) {
        if (now_ms() > end) throw std::runtime_error("no answer: " + error());
        poll_once(100);
        if (flowing_) push_waiting();
    }
    return std::exchange(answers_, {});
}

bool Block_front::backend_left() {
    const Device_state peer = need(session_.states()).peer;
    return peer == Device_state::closing || peer == Device_state::closed || peer == Device_state::unknown;
}

void Block_front::close() {
    drop_ring();
    need(session_.go(Device_state::closed));
}

void Block_front::die() {
    client_.reset();
    evtchn_.reset();
    process_.reset();
}

std::uint64_t Block_front::sectors() {
    const std::string names[] = {std::string(back::sectors)};
    return need(session_.read_peer(names)).number<std::uint64_t>(back::sectors, 1, ~0ULL).value_or(0);
}

std::string Block_front::error() {
    return process_->store().read(schema::path(session_.paths().peer, back::error)).value_or("");
}

xvm_ring_stats Block_front::totals() const {
    xvm_ring_stats sum = earlier_;
    if (!client_) return sum;
    const xvm_ring_stats now = client_->counters();
    sum.inserts += now.inserts;
    sum.sends += now.sends;
    sum.takes += now.takes;
    sum.wakes += now.wakes;
    sum.arms += now.arms;
    return sum;
}

void Block_front::follow_states() {
    for (;;) {
        const auto states = need(session_.states());
        switch (xenbus::frontend_step({states.own, states.peer})) {
        case xenbus::Frontend_step::offer:
            offer();
            continue;
        case xenbus::Frontend_step::start:
            // First the state, then the first request (docs/protocols/block.md).
            if (const Status gone = session_.go(Device_state::connected); !gone) continue;
            flowing_ = true;
            ++connections_;
            for (const auto& [id, request] : std::exchange(sent_, {}))
                waiting_.push_back(request);
            push_waiting();
            continue;
        case xenbus::Frontend_step::leave:
        case xenbus::Frontend_step::wait:
            return;
        }
    }
}

void Block_front::offer() {
    if (client_) take_answers(); // what was answered before the back end went
    drop_ring();
    auto nodes = need(session_.read_peer(xenbus::offer_node_names()));
    const auto offered = xenbus::parse_offer(nodes, std::string(back::protocol_value));
    if (!offered) throw std::runtime_error(offered.error().line());
    const auto chosen = xenbus::choose(*offered, {offered->protocol, ring_pages_, XVM_RING_F_ALL});
    ring_ = share(chosen.pages_max);
    client_.emplace(need(ring::Region::create(ring_.bytes, chosen.features, connections_)));
    evtchn_ = port::Evtchn(process_->events(), need(process_->events().alloc_unbound(dom0)));
    const xenbus::Peer_ring ring{{ring_.grefs.begin(), ring_.grefs.end()}, evtchn_.port(), chosen.features};
    const Status gone = session_.go(Device_state::initialised, xenbus::nodes_of(ring, chosen.protocol));
    if (!gone && gone.error().fault != Fault::busy) need(gone);
}

void Block_front::drop_ring() {
    flowing_ = false;
    earlier_ = totals();
    client_.reset();
    evtchn_.reset();
    if (!ring_.grefs.empty()) static_cast<void>(process_->granter().end(ring_.grefs));
    ring_ = {};
}

void Block_front::push_waiting() {
    while (!waiting_.empty() && client_->room() > 0) {
        const xvm_blk_request request = waiting_.front();
        waiting_.erase(waiting_.begin());
        client_->push(request);
        sent_.emplace(request.header.id, request);
    }
    if (client_->publish()) static_cast<void>(evtchn_.notify());
}

void Block_front::take_answers() {
    xvm_blk_response response{};
    client_->begin_wake();
    do {
        for (;;) {
            const ring::Take taken = client_->take(response);
            if (taken == ring::Take::broken) throw std::runtime_error("the back end broke the ring");
            if (taken == ring::Take::empty) break;
            if (sent_.erase(response.header.id) != 1) throw std::runtime_error("an answer nobody asked for");
            answers_.emplace(response.header.id, response.status);
        }
    } while (client_->arm() == ring::Arm::work);
}

void Block_front::poll_once(int timeout_ms) {
    std::array<pollfd, 2> fds{pollfd{process_->events().fd(), POLLIN, 0},
                              pollfd{process_->store().fd(), POLLIN, 0}};
    ::poll(fds.data(), fds.size(), timeout_ms);
    while (const auto port = need(process_->events().next())) {
        if (!evtchn_ || *port != evtchn_.port()) continue;
        need(evtchn_.unmask());
        if (flowing_) take_answers();
    }
    bool changed = false;
    while (need(process_->store().next_event()))
        changed = true;
    if (changed) follow_states();
}

} // namespace xvm::test
