// SPDX-License-Identifier: Apache-2.0
#include "libvmshare/port/domains.hpp"

namespace xvm::port {

Result<std::optional<Domain_info>> living(Domains& domains, const Domain_id& id) {
    auto info = domains.info(id.domid);
    if (!info && info.error().fault == Fault::not_found) return std::optional<Domain_info>{};
    if (!info) return tl::unexpected<Error>(std::move(info.error()));
    if (info->id.uuid != id.uuid || info->dying) return std::optional<Domain_info>{};
    return std::optional(std::move(*info));
}

} // namespace xvm::port
