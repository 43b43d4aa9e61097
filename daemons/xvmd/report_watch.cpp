// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvmd/report_watch.hpp"

#include "xenstore-schema/nodes.hpp"

#include <spdlog/spdlog.h>

namespace xvm::xvmd {
namespace {

namespace report = schema::xvmem::report;

std::string node_of(Domid guest) {
    return schema::path(report::dir(guest), report::memory);
}

} // namespace

void Report_watch::follow(const std::map<Domid, Uuid>& guests) {
    for (auto it = guests_.begin(); it != guests_.end();) {
        const auto found = guests.find(it->first);
        if (found != guests.end() && found->second == it->second.uuid) {
            ++it;
            continue;
        }
        store_.unwatch(node_of(it->first), std::string(token));
        it = guests_.erase(it);
    }
    for (const auto& [domid, uuid] : guests) {
        if (guests_.contains(domid)) continue;
        if (const Status watched = store_.watch(node_of(domid), std::string(token)); !watched) {
            spdlog::warn("domain {}: {}; its reports are not seen", number(domid), watched.error().line());
            continue;
        }
        guests_[domid].uuid = uuid;
    }
}

void Report_watch::heard(const port::Watch_event& event) {
    for (auto& [domid, guest] : guests_) {
        const std::string node = node_of(domid);
        if (event.path != node) continue;
        if (!std::exchange(guest.has_fired, true) && !store_.read(node)) return; // it has said nothing yet
        if (!is_expected_.exchange(false)) return;
        lines_.publish({"memory-reported", domid, {}, guest.uuid, {}, {}, {}});
        return;
    }
}

} // namespace xvm::xvmd
