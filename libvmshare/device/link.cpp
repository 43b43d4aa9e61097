// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/device/link.hpp"

#include "libvmshare/base/number.hpp"
#include "xenstore-schema/nodes.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <poll.h>

namespace xvm::device {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

/// What an xvmd that was killed had asked for is waited for this long.
constexpr milliseconds earlier_limit{2000};
constexpr std::size_t line_bytes = 64;

std::uint32_t load(std::uint32_t& word) {
    return std::atomic_ref(word).load(std::memory_order_acquire);
}

template <class T>
Result<T> number_at(port::Store& store, const std::string& dir, std::string_view node,
                    const std::string& object) {
    const auto text = store.read(schema::path(dir, node));
    const auto value = text ? parse_number<T>(*text) : std::nullopt;
    if (value) return *value;
    return fail(Fault::exhausted, object, "has no module that takes devices",
                "insert xvm_devfront in the guest, and the device's driver");
}

std::string_view name_of(std::uint32_t kind) {
    switch (kind) {
    case XVM_DEV_LOOK:
        return "look for a driver";
    case XVM_DEV_PREPARE:
        return "make room for the device";
    case XVM_DEV_ABANDON:
        return "give up the room";
    case XVM_DEV_STOP:
        return "stop the device";
    case XVM_DEV_FLIP:
        return "give the device's pages";
    case XVM_DEV_TAKE:
        return "take the device";
    case XVM_DEV_RUN:
        return "run the device";
    case XVM_DEV_REFILL:
        return "forget the device";
    default:
        return "end the device's driver";
    }
}

} // namespace

Error error_of(const std::string& object, std::uint32_t kind, std::uint32_t status) {
    const std::string what = "cannot " + std::string(name_of(kind)) + ": ";
    switch (status) {
    case XVM_DEV_BAD_ORDER:
        return {Fault::busy, object, what + "it is in another state there", "see 'xvm device list'"};
    case XVM_DEV_BAD_REQUEST:
        return {Fault::failed, object, what + "it does not understand the request",
                "its module is of another version"};
    case XVM_DEV_NO_DRIVER:
        return {Fault::exhausted, object, what + "it has no driver for it",
                "insert the device's driver there"};
    case XVM_DEV_NO_MEMORY:
        return {Fault::exhausted, object, what + "it has not enough memory, or references", "give it memory"};
    case XVM_DEV_BUSY:
        return {Fault::timeout, object, what + "it did not come to rest in time",
                "allow more time with --timeout"};
    case XVM_DEV_NO_CONTEXT:
        return {Fault::failed, object, what + "what came along is no context of its driver",
                "both guests need the same driver"};
    case XVM_DEV_LOST_PAGES:
        return {Fault::failed, object, what + "not all of them went", {}};
    case XVM_DEV_FULL:
        return {Fault::exhausted, object, what + "it has as many as it can have", "release one"};
    default:
        return {Fault::failed, object, what + "its kernel refused", "see its log: dmesg"};
    }
}

xvm_dev_page* Link::page() const noexcept {
    return reinterpret_cast<xvm_dev_page*>(map_.bytes().data());
}

Result<Link> Link::open(const Link_ports& ports, const Domain_id& guest, std::string name) {
    namespace node = schema::xvmdev::guest;
    const std::string dir = node::dir(guest.domid);
    const std::string object = "domain '" + name + "'";
    XVM_TRY_LET(const auto version, number_at<std::uint32_t>(ports.store, dir, node::version, object));
    XVM_TRY_LET(const auto ref, number_at<std::uint32_t>(ports.store, dir, node::page, object));
    XVM_TRY_LET(const auto port, number_at<std::uint32_t>(ports.store, dir, node::port, object));
    if (version != XVM_DEV_VERSION)
        return fail(Fault::exhausted, object, "has a module of another version that takes devices",
                    "insert the xvm_devfront of this version in the guest");
    const std::array<Gref, 1> refs{Gref{ref}};
    auto map = ports.grants.map(guest.domid, refs, port::Access::read_write);
    auto bound = map ? ports.events.bind_interdomain(guest.domid, Evtchn_port{port})
                     : Result<Evtchn_port>(tl::unexpected(map.error()));
    if (!bound)
        return fail(Fault::exhausted, object,
                    "does not let itself be told of devices: " + bound.error().cause,
                    "insert xvm_devfront in the guest again");
    Link link(std::move(*map), ports.events, port::Evtchn(ports.events, *bound), object);
    // An xvmd that was killed may have asked for something that goes on.
    link.number_ = load(link.page()->request.number);
    if (load(link.page()->answer.number) != link.number_) {
        XVM_TRY(link.port_.notify());
        XVM_TRY(link.await(link.number_, earlier_limit));
    }
    return link;
}

Status Link::await(std::uint32_t number, milliseconds limit) {
    const Clock::time_point end = Clock::now() + limit;
    for (;;) {
        XVM_TRY(port_.unmask());
        if (load(page()->answer.number) == number) return {};
        const auto left = std::chrono::duration_cast<milliseconds>(end - Clock::now());
        if (left.count() <= 0)
            return fail(Fault::timeout, object_,
                        "did not answer within " + std::to_string(limit.count()) + " ms",
                        "its module xvm_devfront hangs, or the guest does");
        pollfd readable{events_->fd(), POLLIN, 0};
        if (::poll(&readable, 1, static_cast<int>(left.count()) + 1) < 0 && errno != EINTR)
            return fail_errno(errno, object_, "cannot be waited for");
        for (;;) {
            XVM_TRY_LET(const auto event, events_->next());
            if (!event) break;
        }
    }
}

Result<Answer> Link::ask(const Request& request, milliseconds limit) {
    xvm_dev_request line{};
    line.kind = request.kind;
    line.device = request.device;
    std::copy(request.arg.begin(), request.arg.end(), std::begin(line.arg));
    line.number = number_;
    static_assert(sizeof(line) == line_bytes);
    std::memcpy(&page()->request, &line, sizeof(line));
    ++number_;
    std::atomic_ref(page()->request.number).store(number_, std::memory_order_release);
    XVM_TRY(port_.notify());
    XVM_TRY(await(number_, limit));

    xvm_dev_answer copy{};
    std::memcpy(&copy, &page()->answer, sizeof(copy));
    std::atomic_signal_fence(std::memory_order_seq_cst); // only the copy from here on
    if (copy.number != number_ || copy.kind != request.kind || copy.status >= XVM_DEV_STATUSES ||
        copy.state >= XVM_DEV_STATES)
        return fail(Fault::timeout, object_, "did not answer, but wrote what is no answer",
                    "its module is not xvm's, or is damaged");
    Answer answer{copy.status, copy.state, {}};
    std::copy(std::begin(copy.value), std::end(copy.value), answer.value.begin());
    return answer;
}

Result<Answer> Link::order(const Request& request, milliseconds limit) {
    XVM_TRY_LET(const Answer answer, ask(request, limit));
    if (answer.ok()) return answer;
    return tl::unexpected<Error>(error_of(object_, request.kind, answer.status));
}

std::vector<std::uint8_t> Link::context(std::size_t bytes) const {
    std::vector<std::uint8_t> copy(std::min<std::size_t>(bytes, XVM_DEV_CONTEXT_MAX));
    std::memcpy(copy.data(), page()->context, copy.size());
    return copy;
}

std::vector<std::uint64_t> Link::frames(std::size_t count) const {
    std::array<std::uint32_t, XVM_DEV_PAGES_MAX> copy{};
    std::memcpy(copy.data(), page()->frames, sizeof(copy));
    return {copy.begin(), copy.begin() + static_cast<std::ptrdiff_t>(std::min(count, copy.size()))};
}

std::vector<Gref> Link::refs(std::size_t count) const {
    std::array<std::uint32_t, XVM_DEV_PAGES_MAX> copy{};
    std::memcpy(copy.data(), page()->refs, sizeof(copy));
    std::vector<Gref> refs;
    for (std::size_t i = 0; i < std::min(count, copy.size()); ++i)
        refs.push_back(Gref{copy.at(i)});
    return refs;
}

void Link::write_frames(const std::vector<std::uint64_t>& frames) {
    for (std::size_t i = 0; i < std::min<std::size_t>(frames.size(), XVM_DEV_PAGES_MAX); ++i)
        page()->frames[i] = static_cast<std::uint32_t>(frames[i]);
}

void Link::write_refs(const std::vector<Gref>& refs) {
    for (std::size_t i = 0; i < std::min<std::size_t>(refs.size(), XVM_DEV_PAGES_MAX); ++i)
        page()->refs[i] = number(refs[i]);
}

} // namespace xvm::device
