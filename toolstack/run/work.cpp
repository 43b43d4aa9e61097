// SPDX-License-Identifier: Apache-2.0
#include "toolstack/run/work.hpp"

namespace xvm::run {

Result<Domid> Work::domid() {
    if (domid_) return *domid_;
    XVM_TRY_LET(const bool listed, alive());
    if (listed) return *domid_;
    return fail(Fault::not_found, object(), "no such domain any more", "'xvm list' shows those there are");
}

Result<Domain_id> Work::id() {
    XVM_TRY_LET(const Domid number, domid());
    return Domain_id{number, uuid_};
}

Result<bool> Work::alive() {
    XVM_TRY_LET(const auto infos, ports_.domains.list());
    for (const port::Domain_info& info : infos)
        if (info.id.uuid == uuid_) {
            domid_ = info.id.domid;
            return true;
        }
    return false;
}

Result<bool> Work::number_is_reused() {
    if (!domid_) return false;
    XVM_TRY_LET(const auto infos, ports_.domains.list());
    for (const port::Domain_info& info : infos)
        if (info.id.domid == *domid_) return info.id.uuid != uuid_;
    return false;
}

} // namespace xvm::run
