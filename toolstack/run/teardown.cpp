// SPDX-License-Identifier: Apache-2.0
#include "toolstack/run/teardown.hpp"

#include "libvmshare/base/number.hpp"
#include "toolstack/run/store_trees.hpp"
#include "toolstack/run/wait.hpp"
#include "xenstore-schema/nodes.hpp"
#include "xenstore-schema/state_text.hpp"

#include <algorithm>

namespace xvm::run {
namespace {

namespace backend = schema::xvbd::backend;
using schema::Device_state;

std::string domain_text(const Domain_id& id) {
    return "domain " + std::to_string(number(id.domid));
}

/// Closed, or not there at all.
Result<bool> is_closed(port::Store& store, const std::string& dir) {
    XVM_TRY_LET(const auto state, read_if_there(store, schema::path(dir, backend::state)));
    return !state || *state == schema::text_of(Device_state::closed);
}

Status close_disk(port::Store& store, const std::string& dir) {
    return port::transact(store, [&](port::Txn txn) -> Status {
        const auto state = store.read(schema::path(dir, backend::state), txn);
        // Writing would bring back a directory that is gone.
        if (!state)
            return state.error().fault == Fault::not_found ? Status{} : Status(tl::unexpected(state.error()));
        if (*state == schema::text_of(Device_state::closed)) return {};
        XVM_TRY(store.write(schema::path(dir, backend::online), "0", txn));
        return store.write(schema::path(dir, backend::state), schema::text_of(Device_state::closing), txn);
    });
}

/// Whether Xen still has this domain, and not another one of its number.
Result<bool> is_listed(Ports& ports, const Domain_id& id) {
    XVM_TRY_LET(const auto infos, ports.domains.list());
    return std::any_of(infos.begin(), infos.end(),
                       [&](const port::Domain_info& info) { return info.id == id; });
}

} // namespace

Result<std::vector<std::uint32_t>> disk_devids(port::Store& store, Domid domid) {
    XVM_TRY_LET(const auto names, list_if_there(store, plan::backend_tree(domid)));
    std::vector<std::uint32_t> devids;
    for (const std::string& name : names)
        if (const auto devid = parse_number<std::uint32_t>(name)) devids.push_back(*devid);
    return devids;
}

Status close_disks(Ports& ports, Domid domid, std::span<const std::uint32_t> devids) {
    for (const std::uint32_t devid : devids)
        XVM_TRY(close_disk(ports.store, backend::dir(domid, devid)));
    return {};
}

Status await_closed(Ports& ports, Domid domid, std::span<const std::uint32_t> devids) {
    if (devids.empty() || !ports.block_backend()) return {};
    std::uint32_t waiting = 0;
    const auto all_closed = [&]() -> Result<bool> {
        for (const std::uint32_t devid : devids) {
            waiting = devid;
            XVM_TRY_LET(const bool closed, is_closed(ports.store, backend::dir(domid, devid)));
            if (!closed) return false;
        }
        return true;
    };
    XVM_TRY_LET(const bool closed,
                wait_until(ports.store, plan::backend_tree(domid), ports.patience.backend, all_closed));
    if (closed) return {};
    return fail(Fault::timeout,
                "disk " + std::to_string(waiting) + " of domain " + std::to_string(number(domid)),
                "xvm-blkd did not let go of it in time", "see its log: journalctl -u xvm-blkd");
}

Status end_domain(Ports& ports, const Domain_id& id) {
    XVM_TRY_LET(const bool listed, is_listed(ports, id));
    if (!listed) return {};
    XVM_TRY(ports.domains.destroy(id.domid));
    const auto gone = [&]() -> Result<bool> {
        XVM_TRY_LET(const bool still, is_listed(ports, id));
        return !still;
    };
    XVM_TRY_LET(const bool ended, wait_until(ports.store, "@releaseDomain", ports.patience.domain, gone));
    if (ended) return {};
    return fail(Fault::leftovers, domain_text(id),
                "is dead, but Xen still keeps it: somebody maps its memory",
                "stop the backends that serve it");
}

} // namespace xvm::run
