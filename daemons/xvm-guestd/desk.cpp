// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvm-guestd/desk.hpp"

#include "libvmshare/abi/channel_grants.h"
#include "libvmshare/base/number.hpp"

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

namespace xvm::guestd {
using boost::asio::posix::stream_descriptor;
namespace {

constexpr const char* homes = "/local/domain";
constexpr std::string_view came = "@introduceDomain";
constexpr std::string_view went = "@releaseDomain";
constexpr std::chrono::milliseconds pause{100};
constexpr int rounds_max = 4;
constexpr std::size_t untaken_max = 64 * 1024; // bytes of answers

std::string node_of(Domid domid) {
    return std::string(homes) + "/" + std::to_string(number(domid)) + "/" XVM_GUEST_NODE;
}

} // namespace

Desk::Desk(boost::asio::io_context& context, port::Store& store, xvmd::Channel_ports& ports, const Ways& ways,
           const Rules& rules)
    : context_(context), store_(store), ports_(ports), ways_(ways), rules_(rules),
      store_fd_(context, store.fd()), events_fd_(context, ports.events->fd()), timer_(context) {}

Desk::~Desk() {
    pool_.join();
    store_fd_.release(); // the ports' own
    events_fd_.release();
}

Status Desk::start() {
    XVM_TRY(store_.watch(std::string(came), std::string(came)));
    XVM_TRY(store_.watch(std::string(went), std::string(went)));
    await(store_fd_);
    await(events_fd_);
    survey();
    return {};
}

std::size_t Desk::channels() const noexcept {
    std::size_t all = 0;
    for (const auto& [domid, line] : lines_)
        all += line.channel ? 1 : 0;
    return all;
}

void Desk::await(stream_descriptor& descriptor) {
    descriptor.async_wait(stream_descriptor::wait_read,
                          [this, &descriptor](const boost::system::error_code& error) {
                              if (error) return;
                              look();
                              await(descriptor);
                          });
}

void Desk::look() {
    bool changed = false;
    for (auto event = store_.next_event(); event && *event; event = store_.next_event()) {
        if ((*event)->token == came || (*event)->token == went)
            changed = true;
        else if (const auto domid = parse_number<std::uint16_t>((*event)->token))
            read_offer(Domid{*domid});
    }
    if (changed) survey();
    // Ports are unmasked before the queues are looked at.
    bool called = false;
    for (auto port = ports_.events->next(); port && *port; port = ports_.events->next()) {
        called = true;
        static_cast<void>(ports_.events->unmask(**port));
    }
    if (!called || resting_) return;
    for (auto& [domid, line] : lines_)
        turn(domid, line);
}

/// Who is there; whoever is not lets go.
void Desk::survey() {
    for (auto at = lines_.begin(); at != lines_.end();) {
        const auto there = store_.present(at->first);
        if (there && *there) {
            ++at;
            continue;
        }
        store_.unwatch(node_of(at->first), std::to_string(number(at->first)));
        at = lines_.erase(at);
    }
    const auto all = store_.list(homes);
    if (!all) return;
    for (const std::string& name : *all) {
        const auto domid = parse_number<std::uint16_t>(name);
        if (!domid || *domid == 0 || lines_.contains(Domid{*domid})) continue;
        if (const auto there = store_.present(Domid{*domid}); !there || !*there) continue;
        // The watch says at once what there is.
        if (store_.watch(node_of(Domid{*domid}), name)) lines_[Domid{*domid}];
    }
}

void Desk::read_offer(Domid domid) {
    const auto found = lines_.find(domid);
    if (found == lines_.end()) return;
    Line& line = found->second;
    auto text = store_.read(node_of(domid));
    if (text && line.channel && *text == line.offer) return;
    line.channel.reset();
    line.busy = false;
    if (!text || text->empty()) return;
    line.offer = std::move(*text);
    const auto offer = xvmd::parse_channel_offer(line.offer);
    if (!offer || channels() >= channels_max) return;
    auto channel = xvmd::Service_channel::open(ports_, domid, *offer);
    if (!channel) {
        spdlog::debug("domain {}: {}", number(domid), channel.error().line());
        return;
    }
    line.channel.emplace(std::move(*channel));
    line.serial = ++serial_;
    turn(domid, line);
}

/// Takes what came, and sends what was said to it.
void Desk::turn(Domid domid, Line& line) {
    for (int round = 0; line.channel; ++round) {
        auto turn = line.channel->end().turn();
        if (turn.notify) static_cast<void>(line.channel->notify());
        if (const auto fault = line.channel->end().fault(); !fault.empty()) {
            spdlog::debug("domain {}: its channel is broken: {}", number(domid), fault);
            return line.channel.reset();
        }
        if (turn.got.empty() && !turn.more) return;
        for (const channel::Message& message : turn.got)
            if (line.channel) take(domid, line, message);
        if (turn.more || turn.got.size() > messages_a_turn || round == rounds_max) return rest();
    }
}

void Desk::take(Domid domid, Line& line, const channel::Message& message) {
    if (message.kind != channel::Kind::request) {
        spdlog::debug("domain {}: its channel is broken: it sent no request", number(domid));
        line.channel.reset();
        return;
    }
    if (line.busy)
        return put(
            line, message.id,
            refusal({Fault::busy, "this guest", "has a request under way", "ask one after the other"}));
    line.busy = true;
    boost::asio::post(pool_, [this, domid, serial = line.serial, id = message.id, payload = message.payload] {
        std::string text = answer_to(ways_, rules_, domid, payload);
        boost::asio::post(context_, [this, domid, serial, id, text = std::move(text)]() mutable {
            answer(domid, serial, id, std::move(text));
        });
    });
}

void Desk::answer(Domid domid, std::uint64_t serial, std::uint64_t id, std::string text) {
    const auto found = lines_.find(domid);
    if (found == lines_.end() || !found->second.channel || found->second.serial != serial) return;
    found->second.busy = false;
    put(found->second, id, std::move(text));
    turn(domid, found->second);
}

/// Who does not take its answers has no channel any more.
void Desk::put(Line& line, std::uint64_t id, std::string text) {
    channel::Message answer;
    answer.kind = channel::Kind::answer;
    answer.id = id;
    answer.payload = std::move(text);
    if (line.channel->end().backlog() > untaken_max || !line.channel->end().put(answer)) line.channel.reset();
}

/// A moment later, for all.
void Desk::rest() {
    if (resting_) return;
    resting_ = true;
    timer_.expires_after(pause);
    timer_.async_wait([this](const boost::system::error_code& error) {
        resting_ = false;
        if (error) return;
        for (auto& [domid, line] : lines_)
            turn(domid, line);
    });
}

} // namespace xvm::guestd
