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

using plan::Device_class;
using plan::Device_ref;
using schema::Device_state;
namespace backend = schema::xvbd::backend; // every class of device names `state` and `online` alike

std::string domain_text(const Domain_id& id) {
    return "domain " + std::to_string(number(id.domid));
}

Status close_device(port::Store& store, Domid domid, const Device_ref& device) {
    const std::string dir = plan::backend_dir(device, domid);
    return port::transact(store, [&](port::Txn txn) -> Status {
        const auto state = store.read(schema::path(dir, backend::state), txn);
        // Writing would bring back a directory that is gone.
        if (!state)
            return state.error().fault == Fault::not_found ? Status{} : Status(tl::unexpected(state.error()));
        if (*state == schema::text_of(Device_state::closed)) return {};
        XVM_TRY(store.write(schema::path(dir, backend::online), "0", txn));
        // A kernel's backend goes when its front end is gone, and says so only if it was told to close. One
        // that no driver has taken stays as it is.
        if (device.device_class == Device_class::xvbd ||
            *state != schema::text_of(Device_state::initialising))
            XVM_TRY(
                store.write(schema::path(dir, backend::state), schema::text_of(Device_state::closing), txn));
        return store.remove(plan::frontend_dir(device, domid), txn);
    });
}

/// Whether Xen still has this domain, and not another one of its number.
Result<bool> is_listed(Ports& ports, const Domain_id& id) {
    XVM_TRY_LET(const auto infos, ports.domains.list());
    return std::any_of(infos.begin(), infos.end(),
                       [&](const port::Domain_info& info) { return info.id == id; });
}

} // namespace

Result<std::vector<Device_ref>> guest_devices(port::Store& store, Domid domid) {
    std::vector<Device_ref> devices;
    for (const Device_class device_class : plan::all_device_classes) {
        XVM_TRY_LET(const auto names, list_if_there(store, plan::backend_tree(device_class, domid)));
        for (const std::string& name : names)
            if (const auto devid = parse_number<std::uint32_t>(name))
                devices.push_back({device_class, *devid});
    }
    return devices;
}

Result<bool> is_closed(port::Store& store, Domid domid, const Device_ref& device) {
    const std::string dir = plan::backend_dir(device, domid);
    XVM_TRY_LET(const auto state, read_if_there(store, schema::path(dir, backend::state)));
    if (!state || *state == schema::text_of(Device_state::closed)) return true;
    // No driver in dom0's kernel has taken it.
    return device.device_class != Device_class::xvbd && *state == schema::text_of(Device_state::initialising);
}

Status close_devices(Ports& ports, Domid domid, std::span<const Device_ref> devices) {
    for (const Device_ref& device : devices)
        XVM_TRY(close_device(ports.store, domid, device));
    return {};
}

Status await_closed(Ports& ports, Domid domid, std::span<const Device_ref> devices) {
    const auto deadline = std::chrono::steady_clock::now() + ports.patience.backend;
    std::optional<bool> blkd_runs;
    for (const Device_ref& device : devices) {
        const bool ours = device.device_class == Device_class::xvbd;
        if (ours && !blkd_runs) blkd_runs = ports.block_backend().has_value();
        if (ours && !*blkd_runs) continue;
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        XVM_TRY_LET(const bool closed,
                    wait_until(ports.store, plan::backend_dir(device, domid), std::max(left, left.zero()),
                               [&] { return is_closed(ports.store, domid, device); }));
        if (closed) continue;
        const std::string object = std::string(name_of(device.device_class)) + " " +
                                   std::to_string(device.devid) + " of domain " +
                                   std::to_string(number(domid));
        return ours ? fail(Fault::timeout, object, "xvm-blkd did not let go of it in time",
                           "see its log: journalctl -u xvm-blkd")
                    : fail(Fault::timeout, object, "dom0's kernel did not let go of it in time",
                           "see its log: dmesg");
    }
    return {};
}

Status release_loops(Ports& ports, const Domain_id& id) {
    if (ports.loops == nullptr) return {};
    XVM_TRY_LET(const auto names, list_if_there(ports.store, schema::path(schema::own::domain::dir(id.domid),
                                                                          name_of(Device_class::vbd))));
    for (const std::string& name : names)
        if (const auto devid = parse_number<std::uint32_t>(name))
            XVM_TRY(ports.loops->detach(plan::loop_label(id.uuid, *devid)));
    return {};
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
