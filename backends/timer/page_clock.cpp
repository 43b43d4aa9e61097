// SPDX-License-Identifier: Apache-2.0
#include "backends/timer/page_clock.hpp"

#include "libvmshare/abi/timer_owner.h"

#include <ctime>

namespace xvm::timer {
namespace {

constexpr std::uint64_t pause_ns = 1'000'000'000;

/// By the vDSO: no system call, some nanoseconds.
std::uint64_t own_ns() {
    timespec t{};
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    return static_cast<std::uint64_t>(t.tv_sec) * XVM_TIME_NS_PER_S + static_cast<std::uint64_t>(t.tv_nsec);
}

} // namespace

std::uint64_t Page_clock::stamp() {
    // A precise clock knows by itself when its owner has fallen silent; of the tick our own clock tells.
    std::uint64_t ns = 0;
    const auto status = map_.at != nullptr ? xvm_time_now_fast(&reader_, &ns) : XVM_TIME_BAD_PAGE;
    if (status == XVM_TIME_OK) return ns | XVM_TIME_STAMP_NS;
    const std::uint64_t now = own_ns();
    if (status == XVM_TIME_NO_COUNTER && xvm_time_alive(&reader_, now)) return xvm_time_read_tick(&reader_);
    if (now < look_at_ns_) return 0;
    look_at_ns_ = now + pause_ns;
    look();
    return map_.at != nullptr && xvm_time_alive(&reader_, now) ? xvm_time_stamp(&reader_) : 0;
}

void Page_clock::look() {
    xvm_time_unmap(&map_);
    for (const std::string& path : paths_) {
        if (!xvm_time_map_file(&map_, path.c_str(), false)) continue;
        const auto* page = xvm_time_page_of(&map_);
        if (xvm_time_open(&reader_, page, nullptr) == XVM_TIME_OK &&
            XVM_TIME_LOAD(page->tick.state) == XVM_TIME_RUNNING)
            return;
        xvm_time_unmap(&map_);
    }
}

std::shared_ptr<block::Clock> make_clock(std::vector<std::string> paths) {
    if (paths.empty()) return nullptr;
    return std::make_shared<Page_clock>(std::move(paths));
}

std::vector<std::string> default_pages() {
    return {XVM_TIME_OWNER_DEVICE, "/run/xvm/time"};
}

} // namespace xvm::timer
