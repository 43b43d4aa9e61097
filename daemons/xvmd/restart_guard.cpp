// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvmd/restart_guard.hpp"

namespace xvm::xvmd {

Restart_guard::Verdict Restart_guard::judge(const Uuid& uuid, Domid domid, Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    const auto found = guests_.find(uuid);
    if (found == guests_.end()) return Verdict::go;
    Guest& guest = found->second;
    if (guest.stopped == domid) return Verdict::stopped_before;
    guest.stopped.reset();
    guest.short_lives = now - guest.started < short_life ? guest.short_lives + 1 : 0;
    if (guest.short_lives < in_a_row_max) return Verdict::go;
    guest.short_lives = 0;
    guest.stopped = domid;
    return Verdict::stop_now;
}

void Restart_guard::started(const Uuid& uuid, Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    guests_[uuid].started = now;
}

void Restart_guard::forget_but(const std::function<bool(const Uuid&)>& known) {
    const std::lock_guard lock(mutex_);
    std::erase_if(guests_, [&](const auto& entry) { return !known(entry.first); });
}

} // namespace xvm::xvmd
