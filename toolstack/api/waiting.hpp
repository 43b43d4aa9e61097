// SPDX-License-Identifier: Apache-2.0
// How somebody waits for a daemon's answer: for how long, and what may happen meanwhile.
#pragma once

#include <chrono>
#include <functional>

namespace xvm::api {

struct Waiting {
    /// Without a byte. Creating a guest takes seconds, so it is no limit for the operation as a whole.
    std::chrono::milliseconds silence_max = std::chrono::minutes(5);

    /// Readable when the waiting may have to end (a signalfd); -1: none. `interrupted` then says whether to
    /// go on waiting, and reads it empty.
    int interrupt_fd = -1;
    std::function<bool()> interrupted;

    /// Called about this often while nothing comes; 0: never.
    std::chrono::milliseconds tick{0};
    std::function<void()> ticked;
};

inline constexpr std::chrono::milliseconds wait_for_ever = std::chrono::milliseconds::max();

} // namespace xvm::api
