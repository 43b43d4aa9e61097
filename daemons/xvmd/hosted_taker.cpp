// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvmd/hosted_taker.hpp"

#include "xenstore-schema/nodes.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>

namespace xvm::xvmd {
namespace {

constexpr std::uint32_t pages = 2;
constexpr std::uint32_t first_ref = 100;

/// The state after a request, from its state before; nothing: it is out of order.
std::optional<std::uint32_t> next_state(std::uint32_t state, const xvm_dev_request& request) {
    const auto from = [&](std::initializer_list<std::uint32_t> states, std::uint32_t then) {
        const bool good = state == then || std::find(states.begin(), states.end(), state) != states.end();
        return good ? std::optional(then) : std::nullopt;
    };
    switch (request.kind) {
    case XVM_DEV_LOOK:
        return state;
    case XVM_DEV_PREPARE:
        return from({XVM_DEV_ABSENT}, XVM_DEV_PREPARED);
    case XVM_DEV_ABANDON:
        return from({XVM_DEV_PREPARED}, XVM_DEV_ABSENT);
    case XVM_DEV_STOP:
        return from({XVM_DEV_TAKEN, XVM_DEV_RUNNING}, XVM_DEV_STOPPED);
    case XVM_DEV_FLIP:
        return from({XVM_DEV_STOPPED}, XVM_DEV_FLIPPED);
    case XVM_DEV_TAKE:
        return from({XVM_DEV_ABSENT, XVM_DEV_PREPARED, XVM_DEV_STOPPED}, XVM_DEV_TAKEN);
    case XVM_DEV_RUN:
        return from({XVM_DEV_TAKEN}, XVM_DEV_RUNNING);
    case XVM_DEV_REFILL:
        return from({XVM_DEV_FLIPPED}, XVM_DEV_ABSENT);
    case XVM_DEV_DROP:
        return from({XVM_DEV_STOPPED, XVM_DEV_TAKEN}, XVM_DEV_ABSENT);
    default:
        return std::nullopt;
    }
}

} // namespace

Result<std::unique_ptr<Hosted_taker>> Hosted_taker::start(const std::shared_ptr<port::hosted::Host>& host,
                                                          Domid domid) {
    XVM_TRY_LET(auto process, port::hosted::start_process(host, domid));
    std::unique_ptr<Hosted_taker> taker(new Hosted_taker(domid, std::move(process)));
    XVM_TRY(taker->publish());
    return taker;
}

Status Hosted_taker::publish() {
    namespace node = schema::xvmdev::guest;
    XVM_TRY_LET(const auto shared, process_->granter().share(dom0, 1, port::Access::read_write));
    XVM_TRY_LET(port_, process_->events().alloc_unbound(dom0));
    page_ = reinterpret_cast<xvm_dev_page*>(shared.bytes.data());
    page_->version = XVM_DEV_VERSION;
    const std::string dir = node::dir(domid_);
    const auto put = [&](std::string_view name, std::uint32_t value) {
        return process_->store().write(schema::path(dir, name), std::to_string(value));
    };
    XVM_TRY(put(node::version, XVM_DEV_VERSION));
    XVM_TRY(put(node::page, number(shared.grefs.front())));
    return put(node::port, number(port_));
}

void Hosted_taker::play(port::hosted::Direct_ledger& devices) {
    if (std::atomic_ref(page_->request.number).load() != done_ + 1) return;
    xvm_dev_request request{};
    std::memcpy(&request, &page_->request, sizeof(request));
    xvm_dev_answer line = answer(devices, request);
    line.kind = request.kind;
    line.state = state_;
    line.number = done_;
    std::memcpy(&page_->answer, &line, sizeof(line));
    ++done_;
    std::atomic_ref(page_->answer.number).store(done_);
    static_cast<void>(process_->events().notify(port_));
}

xvm_dev_answer Hosted_taker::answer(port::hosted::Direct_ledger& devices, const xvm_dev_request& request) {
    xvm_dev_answer line{};
    const auto then = next_state(state_, request);
    if (!then) {
        line.status = XVM_DEV_BAD_ORDER;
        return line;
    }
    const auto frame = [&](std::uint32_t page) { return 0x1000U * number(domid_) + page; };
    for (std::uint32_t page = 0; page < pages; ++page) {
        if (request.kind == XVM_DEV_FLIP && *then != state_ && request.arg[1] == XVM_DEV_TRANSFER)
            devices.transfer(domid_, Domid{static_cast<std::uint16_t>(request.arg[0])},
                             Gref{page_->refs[page]}, frame(page));
        if (request.kind == XVM_DEV_PREPARE) page_->refs[page] = first_ref + page;
        if (request.kind == XVM_DEV_PREPARE || request.kind == XVM_DEV_STOP)
            page_->frames[page] = frame(page);
    }
    state_ = *then;
    if (request.kind == XVM_DEV_LOOK || request.kind == XVM_DEV_FLIP) line.value[0] = pages;
    if (request.kind == XVM_DEV_STOP) line.value[1] = pages;
    return line;
}

} // namespace xvm::xvmd
