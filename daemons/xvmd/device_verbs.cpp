// SPDX-License-Identifier: Apache-2.0
// Devices of every class, whoever made them; and those of the host that guests can have.
#include "daemons/xvmd/verbs.hpp"
#include "toolstack/run/device_list.hpp"
#include "toolstack/run/handover.hpp"

#include <boost/json/array.hpp>
#include <fmt/format.h>

namespace xvm::xvmd {
namespace json = boost::json;
namespace {

json::object json_of(const run::Device_entry& device) {
    return {{"class", device.device_class},
            {"devid", device.devid},
            {"backend_domid", number(device.backend_domid)},
            {"backend_state", schema::name(device.backend)},
            {"frontend_state", schema::name(device.frontend)},
            {"detail", device.detail}};
}

json::object json_of(const port::Pci_device& device, const plan::Direct_record& record) {
    json::object one{{"class", "direct"},
                     {"address", record.device},
                     {"state", name_of(record.phase)},
                     {"detail", fmt::format("{:04x}:{:04x}", device.vendor, device.product)}};
    if (record.holder.there()) {
        one["guest"] = record.holder.name;
        one["pages"] = record.pages;
    }
    if (!record.reason.empty()) one["reason"] = record.reason;
    if (record.phase == plan::Direct_phase::host && !device.driver.empty())
        one["reason"] = "dom0's driver '" + device.driver + "' has it";
    return one;
}

/// The host's, or those of them that the guest has.
Status add_direct(run::Ports& ports, const std::optional<Uuid>& guest, json::array& all) {
    if (ports.direct == nullptr || ports.devices == nullptr) return {};
    XVM_TRY_LET(const auto devices, ports.direct->list());
    for (const port::Pci_device& device : devices) {
        XVM_TRY_LET(const auto record, run::direct_record(ports, device.address.text()));
        if (!guest || record.holder.uuid == guest->text()) all.push_back(json_of(device, record));
    }
    return {};
}

} // namespace

void add_device_verbs(Verbs& verbs) {
    verbs.read("device.list", [](run::Ports& ports, const Call& call) -> Answer {
        const auto refused = [](const Error& error) { return tl::unexpected<api::Failure>(error); };
        json::object answer{{"schema", "xvm.devices/1"}};
        json::array all;
        std::optional<Uuid> guest;
        if (call.has("id")) {
            const auto entry = run::find_domain(ports, call.text("id"));
            if (!entry) return refused(entry.error());
            guest = entry->info.id.uuid;
            const auto devices = run::devices_of(ports, entry->info.id.domid);
            if (!devices) return refused(devices.error());
            for (const run::Device_entry& device : *devices)
                all.push_back(json_of(device));
            answer["domid"] = number(entry->info.id.domid);
            answer["name"] = entry->name;
        }
        if (const Status added = add_direct(ports, guest, all); !added) return refused(added.error());
        answer["devices"] = std::move(all);
        return json::value(std::move(answer));
    });
}

} // namespace xvm::xvmd
