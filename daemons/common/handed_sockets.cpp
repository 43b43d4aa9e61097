// SPDX-License-Identifier: Apache-2.0
#include "daemons/common/handed_sockets.hpp"

#if XVM_HAVE_SYSTEMD
#include <cstdlib>
#include <systemd/sd-daemon.h>
#endif

namespace xvm::daemon {

Result<Handed_sockets> Handed_sockets::take() {
    Handed_sockets all;
#if XVM_HAVE_SYSTEMD
    char** given = nullptr;
    const int count = ::sd_listen_fds_with_names(1, &given);
    if (count < 0) return fail_errno(-count, "LISTEN_FDS", "take the sockets handed over");
    std::string twice;
    for (int i = 0; i < count; ++i) {
        const auto [place, fresh] = all.sockets_.try_emplace(given[i], SD_LISTEN_FDS_START + i);
        if (!fresh) twice = place->first;
        std::free(given[i]);
    }
    std::free(given);
    if (!twice.empty())
        return fail(Fault::usage, "LISTEN_FDNAMES", "names '" + twice + "' twice",
                    "give each socket unit one ListenStream= and a FileDescriptorName= of its own");
#endif
    return all;
}

std::optional<Unique_fd> Handed_sockets::release(const std::string& name) {
    const auto found = sockets_.find(name);
    if (found == sockets_.end()) return std::nullopt;
    Unique_fd socket = std::move(found->second);
    sockets_.erase(found);
    return socket;
}

} // namespace xvm::daemon
