// SPDX-License-Identifier: Apache-2.0
#include "toolstack/run/device_list.hpp"

#include "libvmshare/base/number.hpp"
#include "toolstack/run/device_args.hpp"
#include "toolstack/run/store_trees.hpp"
#include "xenstore-schema/nodes.hpp"
#include "xenstore-schema/state_text.hpp"

#include <algorithm>

namespace xvm::run {
namespace {

namespace home = schema::domain::home;

Result<std::string> text_at(port::Store& store, const std::string& dir, std::string_view node) {
    XVM_TRY_LET(auto value, read_if_there(store, schema::path(dir, node)));
    return value.value_or("");
}

Result<std::vector<std::uint32_t>> numbers_below(port::Store& store, const std::string& dir) {
    XVM_TRY_LET(const auto names, list_if_there(store, dir));
    std::vector<std::uint32_t> numbers;
    for (const std::string& name : names)
        if (const auto number = parse_number<std::uint32_t>(name)) numbers.push_back(*number);
    std::sort(numbers.begin(), numbers.end());
    return numbers;
}

Result<Net_entry> net_entry(Ports& ports, Domid domid, std::uint32_t devid) {
    const plan::Device_ref device{plan::Device_class::vif, devid};
    Net_entry net;
    net.devid = devid;
    net.interface = plan::interface_name(domid, devid);
    XVM_TRY_LET(net.mac, text_at(ports.store, plan::backend_dir(device, domid), schema::vif::backend::mac));
    XVM_TRY_LET(net.bridge,
                text_at(ports.store, plan::config_dir(device, domid), schema::vif::config::bridge));
    XVM_TRY_LET(const Sides sides, sides_of(ports.store, domid, device));
    net.backend = sides.backend;
    net.frontend = sides.frontend;
    if (ports.network == nullptr) return net;
    XVM_TRY_LET(net.info, ports.network->look_up(net.interface));
    return net;
}

/// What a backend tells of its device that people know it by.
Result<std::string> detail_of(port::Store& store, const std::string& back, const std::string& device_class) {
    const bool net = device_class == schema::vif::class_name;
    XVM_TRY_LET(std::string said,
                text_at(store, back, net ? schema::vif::backend::mac : schema::vbd::backend::dev));
    return said;
}

Result<Device_entry> device_entry(port::Store& store, Domid domid, const std::string& device_class,
                                  std::uint32_t devid) {
    constexpr std::string_view state = schema::xvbd::backend::state; // every class names it alike
    const std::string front = schema::path(schema::path(home::dir(domid), home::device), device_class) + "/" +
                              std::to_string(devid);
    Device_entry device;
    device.device_class = device_class;
    device.devid = devid;
    XVM_TRY_LET(const std::string front_state, text_at(store, front, state));
    XVM_TRY_LET(const std::string served_by, text_at(store, front, schema::xvbd::frontend::backend_id));
    device.frontend = schema::state_of(front_state);
    const auto backend_domid = parse_domid(served_by);
    if (!backend_domid) return device;
    device.backend_domid = *backend_domid;
    const std::string back = home::dir(*backend_domid) + "/backend/" + device_class + "/" +
                             std::to_string(number(domid)) + "/" + std::to_string(devid);
    XVM_TRY_LET(const std::string back_state, text_at(store, back, state));
    device.backend = schema::state_of(back_state);
    XVM_TRY_LET(device.detail, detail_of(store, back, device_class));
    return device;
}

} // namespace

Result<std::vector<Net_entry>> nets_of(Ports& ports, Domid domid) {
    const std::string dir =
        schema::path(schema::own::domain::dir(domid), plan::name_of(plan::Device_class::vif));
    XVM_TRY_LET(const auto devids, numbers_below(ports.store, dir));
    std::vector<Net_entry> nets;
    for (const std::uint32_t devid : devids) {
        XVM_TRY_LET(Net_entry net, net_entry(ports, domid, devid));
        nets.push_back(std::move(net));
    }
    return nets;
}

Result<std::vector<Device_entry>> devices_of(Ports& ports, Domid domid) {
    const std::string home_dir = home::dir(domid);
    std::vector<Device_entry> devices;
    XVM_TRY_LET(const std::string tty, text_at(ports.store, home_dir, home::console_tty));
    if (!tty.empty()) {
        Device_entry console;
        console.device_class = "console";
        console.detail = tty;
        devices.push_back(std::move(console));
    }
    const std::string above = schema::path(home_dir, home::device);
    XVM_TRY_LET(auto classes, list_if_there(ports.store, above));
    std::sort(classes.begin(), classes.end());
    for (const std::string& device_class : classes) {
        XVM_TRY_LET(const auto devids, numbers_below(ports.store, schema::path(above, device_class)));
        for (const std::uint32_t devid : devids) {
            XVM_TRY_LET(Device_entry device, device_entry(ports.store, domid, device_class, devid));
            devices.push_back(std::move(device));
        }
    }
    return devices;
}

} // namespace xvm::run
