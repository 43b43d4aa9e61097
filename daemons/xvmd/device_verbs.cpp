// SPDX-License-Identifier: Apache-2.0
// Devices of every class, whoever made them.
#include "daemons/xvmd/verbs.hpp"
#include "toolstack/run/device_list.hpp"

#include <boost/json/array.hpp>

namespace xvm::xvmd {
namespace json = boost::json;

void add_device_verbs(Verbs& verbs) {
    verbs.read("device.list", [](run::Ports& ports, const Call& call) -> Answer {
        const auto entry = run::find_domain(ports, call.text("id"));
        if (!entry) return tl::unexpected<api::Failure>(entry.error());
        const auto devices = run::devices_of(ports, entry->info.id.domid);
        if (!devices) return tl::unexpected<api::Failure>(devices.error());
        json::array all;
        for (const run::Device_entry& device : *devices)
            all.push_back({{"class", device.device_class},
                           {"devid", device.devid},
                           {"backend_domid", number(device.backend_domid)},
                           {"backend_state", schema::name(device.backend)},
                           {"frontend_state", schema::name(device.frontend)},
                           {"detail", device.detail}});
        return json::value{{"schema", "xvm.devices/1"},
                           {"domid", number(entry->info.id.domid)},
                           {"name", entry->name},
                           {"devices", std::move(all)}};
    });
}

} // namespace xvm::xvmd
