// SPDX-License-Identifier: Apache-2.0
#include "backends/block/trace.hpp"

#include <algorithm>

namespace xvm::block {

void Trace::keep(const Traced& request, Clock_point now) {
    const std::lock_guard lock(mutex_);
    if (!is_on()) return;
    if (now > until_) return end_lease();
    if (kept_.size() == entries_max) {
        before_ = kept_.front().seq;
        kept_.pop_front();
    }
    kept_.push_back(request);
}

void Trace::end_lease() noexcept {
    on_.store(false, std::memory_order_relaxed);
    std::deque<Traced>().swap(kept_);
}

Trace::Part Trace::read(std::optional<std::uint64_t> after, Clock_point now) {
    const std::lock_guard lock(mutex_);
    if (is_on() && now > until_) end_lease();
    if (!is_on()) {
        before_ = seq_.load(std::memory_order_relaxed);
        on_.store(true, std::memory_order_relaxed);
    }
    until_ = now + lease;
    Part part;
    const std::uint64_t last = kept_.empty() ? before_ : kept_.back().seq;
    // A number that was not given yet is of a disk that is gone: from the beginning.
    const std::uint64_t from = !after ? last : *after > last ? 0 : *after;
    auto first = std::upper_bound(kept_.begin(), kept_.end(), from,
                                  [](std::uint64_t seq, const Traced& one) { return seq < one.seq; });
    const auto many = std::min<std::size_t>(part_max, static_cast<std::size_t>(kept_.end() - first));
    part.requests.assign(first, first + static_cast<std::ptrdiff_t>(many));
    part.next = many == 0 ? last : part.requests.back().seq;
    part.lost = part.next - from - many;
    return part;
}

} // namespace xvm::block
