// SPDX-License-Identifier: Apache-2.0
#include "toolstack/run/wait.hpp"

#include "libvmshare/base/scope_guard.hpp"

#include <algorithm>
#include <cerrno>
#include <poll.h>

namespace xvm::run {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds look_again{100};
const std::string token = "xvm-wait";

Status wait_for_event(port::Store& store, std::chrono::milliseconds limit) {
    pollfd watched{store.fd(), POLLIN, 0};
    if (::poll(&watched, 1, static_cast<int>(limit.count())) < 0 && errno != EINTR)
        return fail_errno(errno, "store", "wait");
    for (;;) {
        XVM_TRY_LET(const auto event, store.next_event());
        if (!event) return {};
    }
}

} // namespace

Result<bool> wait_until(port::Store& store, const std::string& path, std::chrono::milliseconds limit,
                        const std::function<Result<bool>()>& reached, const std::function<Status()>& go_on) {
    const Clock::time_point deadline = Clock::now() + limit;
    // Before the first look, so that no change falls between the two.
    XVM_TRY(store.watch(path, token));
    const Scope_guard unwatch([&] { store.unwatch(path, token); });
    for (;;) {
        XVM_TRY_LET(const bool yes, reached());
        if (yes) return true;
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
        if (left.count() <= 0) return false;
        if (go_on) XVM_TRY(go_on());
        XVM_TRY(wait_for_event(store, std::min(left, look_again)));
    }
}

} // namespace xvm::run
