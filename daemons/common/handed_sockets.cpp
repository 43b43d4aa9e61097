// SPDX-License-Identifier: Apache-2.0
#include "daemons/common/handed_sockets.hpp"

#include "daemons/common/service_manager.hpp"

namespace xvm::daemon {

Result<Handed_sockets> Handed_sockets::take() {
    XVM_TRY_LET(auto given, handed_descriptors());
    Handed_sockets all;
    std::string twice;
    for (auto& [name, descriptor] : given) {
        const auto [place, fresh] = all.sockets_.try_emplace(name, descriptor);
        if (!fresh) twice = place->first;
    }
    if (!twice.empty())
        return fail(Fault::usage, "LISTEN_FDNAMES", "names '" + twice + "' twice",
                    "give each socket unit one ListenStream= and a FileDescriptorName= of its own");
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
