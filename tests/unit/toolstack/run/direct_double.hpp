// SPDX-License-Identifier: Apache-2.0
// A guest that takes devices: the kernel module's own decisions (xvm_devfront_core.c) over a page granted on
// the hosted machine, in a thread. What the kernel would do with frames is counted.
#pragma once

#include "libvmshare/abi/device.h" // it holds templates, the next may not
#include "libvmshare/port/hosted/direct.hpp"
#include "libvmshare/port/hosted/process.hpp"

#include <atomic>
#include <cstring>
#include <poll.h>
#include <thread>

extern "C" {
#include "frontends/linux/xvm_devfront_core.h"
}

namespace xvm::tests {

class Direct_guest {
  public:
    enum class Mood : std::uint8_t {
        good,
        silent,
        garbage,
        busy,
        wrong_kind,
        twice,
        nonsense_room,
        loses_pages
    };
    std::atomic<Mood> mood = Mood::good;
    std::atomic<std::uint32_t> pages = 3;
    std::atomic<bool> driver = true;
    std::atomic<unsigned> done[XVM_DEV_KINDS] = {};
    std::atomic<std::uint32_t> state = XVM_DEV_ABSENT;
    std::atomic<std::uint64_t> progress = 0;
    std::atomic<std::int64_t> holes = 0; ///< pages of its own without memory

    Direct_guest(const std::shared_ptr<port::hosted::Host>& host, port::hosted::Direct_ledger& ledger,
                 Domid domid)
        : ledger_(ledger), domid_(domid), process_(*port::hosted::start_process(host, domid)) {
        shared_ = *process_->granter().share(dom0, 1, port::Access::read_write);
        page_ = reinterpret_cast<xvm_dev_page*>(shared_.bytes.data());
        page_->version = XVM_DEV_VERSION;
        port_ = *process_->events().alloc_unbound(dom0);
        const std::string home = "/local/domain/" + std::to_string(number(domid)) + "/" XVM_DEV_GUEST_DIR "/";
        const auto put = [&](const char* node, std::uint32_t value) {
            static_cast<void>(process_->store().write(home + node, std::to_string(value)));
        };
        put(XVM_DEV_NODE_VERSION, XVM_DEV_VERSION);
        put(XVM_DEV_NODE_PAGE, number(shared_.grefs.front()));
        put(XVM_DEV_NODE_PORT, number(port_));
        thread_ = std::thread([this] { run(); });
    }
    Direct_guest(const Direct_guest&) = delete;
    Direct_guest& operator=(const Direct_guest&) = delete;
    ~Direct_guest() {
        over_ = true;
        thread_.join();
    }

  private:
    void run() {
        while (!over_) {
            pollfd readable{process_->events().fd(), POLLIN, 0};
            ::poll(&readable, 1, 5);
            while (const auto event = process_->events().next().value_or(std::nullopt))
                static_cast<void>(process_->events().unmask(*event));
            look();
        }
    }
    void look() {
        std::atomic_ref<std::uint32_t> number(page_->request.number);
        if (number.load() != done_ + 1 || mood == Mood::silent) return;
        xvm_dev_request request;
        std::memcpy(&request, &page_->request, sizeof(request));
        xvm_dev_answer answer{};
        answer.kind = request.kind;
        handle(request, answer);
        answer.state = state;
        if (mood == Mood::garbage) std::memset(&answer, 0xa5, sizeof(answer));
        if (mood == Mood::wrong_kind) answer.kind = XVM_DEV_KINDS;
        answer.number = page_->answer.number;
        std::memcpy(&page_->answer, &answer, sizeof(answer));
        done_ = request.number;
        if (mood == Mood::twice) ++done_;
        std::atomic_ref<std::uint32_t>(page_->answer.number).store(done_);
        static_cast<void>(process_->events().notify(port_));
    }
    void handle(const xvm_dev_request& request, xvm_dev_answer& answer) {
        const auto before = static_cast<xvm_dev_state>(state.load());
        const auto task = xvm_dev_next(before, &request, &answer.status);
        if (task == XVM_DEV_REFUSE) return;
        if (request.kind == XVM_DEV_LOOK) {
            answer.value[0] = pages;
            if (!driver) answer.status = XVM_DEV_NO_DRIVER;
            return;
        }
        if (task == XVM_DEV_DO) {
            if (request.kind == XVM_DEV_STOP && mood == Mood::busy) answer.status = XVM_DEV_BUSY;
            if (answer.status != XVM_DEV_OK) return;
            fulfil(request);
            ++done[request.kind];
            state = xvm_dev_after(before, request.kind);
        }
        if (request.kind == XVM_DEV_STOP) {
            answer.value[0] = sizeof(xvm_dev_context);
            answer.value[1] = pages;
            answer.value[2] = 1000000;
            for (std::uint32_t i = 0; i < pages; ++i)
                page_->frames[i] = 0x1000U * number(domid_) + i;
        }
        if (request.kind == XVM_DEV_PREPARE)
            for (std::uint32_t i = 0; i < pages; ++i) {
                page_->refs[i] = mood == Mood::nonsense_room ? 7 : 100 + i;
                page_->frames[i] = 0x500 + i;
            }
        if (request.kind == XVM_DEV_FLIP) answer.value[0] = pages;
    }
    static std::uint32_t number(Domid domid) { return xvm::number(domid); }
    static std::uint32_t number(Gref ref) { return xvm::number(ref); }
    static std::uint32_t number(Evtchn_port port) { return xvm::number(port); }
    void fulfil(const xvm_dev_request& request) {
        const auto count = static_cast<std::int64_t>(pages.load());
        const bool transfers = request.kind == XVM_DEV_FLIP ? request.arg[1] == XVM_DEV_TRANSFER
                                                            : request.arg[2] == XVM_DEV_TRANSFER;
        switch (request.kind) {
        case XVM_DEV_PREPARE:
            if (transfers) holes += count;
            roomy_ = transfers;
            break;
        case XVM_DEV_FLIP:
            holes += count;
            if (!transfers) break;
            for (std::uint32_t i = 0; i < pages; ++i)
                if (mood != Mood::loses_pages || i != 1)
                    ledger_.transfer(domid_, Domid{static_cast<std::uint16_t>(request.arg[0])},
                                     Gref{page_->refs[i]}, 0x1000U * number(domid_) + i);
            break;
        case XVM_DEV_TAKE:
            if (roomy_) holes -= count;
            roomy_ = false;
            break;
        case XVM_DEV_ABANDON:
            // Frames that came are its own now; the other holes it fills.
            if (roomy_) holes -= count;
            roomy_ = false;
            break;
        case XVM_DEV_REFILL:
            holes -= count;
            break;
        default:
            break;
        }
    }

    port::hosted::Direct_ledger& ledger_;
    Domid domid_;
    std::unique_ptr<port::hosted::Process> process_;
    port::Granter::Shared shared_;
    xvm_dev_page* page_ = nullptr;
    Evtchn_port port_{};
    std::uint32_t done_ = 0;
    bool roomy_ = false;
    std::atomic<bool> over_ = false;
    std::thread thread_;
};

} // namespace xvm::tests
