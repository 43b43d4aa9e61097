// SPDX-License-Identifier: Apache-2.0
#include "toolstack/plan/device.hpp"

#include "xenstore-schema/nodes.hpp"

namespace xvm::plan {
namespace {

std::string_view backend_root(Device_class device_class) {
    switch (device_class) {
    case Device_class::xvbd:
        return schema::xvbd::backend::root;
    case Device_class::vbd:
        return schema::vbd::backend::root;
    case Device_class::vif:
        break;
    }
    return schema::vif::backend::root;
}

} // namespace

std::string_view name_of(Device_class device_class) noexcept {
    constexpr std::array<std::string_view, 3> names{schema::xvbd::class_name, schema::vbd::class_name,
                                                    schema::vif::class_name};
    return names[static_cast<std::size_t>(device_class)];
}

std::optional<Device_class> parse_device_class(std::string_view name) noexcept {
    for (const Device_class device_class : all_device_classes)
        if (name_of(device_class) == name) return device_class;
    return std::nullopt;
}

Device_class class_of(Disk_backend backend) noexcept {
    return backend == Disk_backend::xvm ? Device_class::xvbd : Device_class::vbd;
}

std::string frontend_dir(const Device_ref& device, Domid guest) {
    switch (device.device_class) {
    case Device_class::xvbd:
        return schema::xvbd::frontend::dir(guest, device.devid);
    case Device_class::vbd:
        return schema::vbd::frontend::dir(guest, device.devid);
    case Device_class::vif:
        break;
    }
    return schema::vif::frontend::dir(guest, device.devid);
}

std::string backend_dir(const Device_ref& device, Domid guest) {
    return schema::path(backend_tree(device.device_class, guest), std::to_string(device.devid));
}

std::string config_dir(const Device_ref& device, Domid guest) {
    switch (device.device_class) {
    case Device_class::xvbd:
        return schema::xvbd::config::dir(guest, device.devid);
    case Device_class::vbd:
        return schema::vbd::config::dir(guest, device.devid);
    case Device_class::vif:
        break;
    }
    return schema::vif::config::dir(guest, device.devid);
}

std::string backend_tree(Device_class device_class, Domid guest) {
    return schema::path(backend_root(device_class), std::to_string(number(guest)));
}

std::vector<std::string> class_trees(Device_class device_class, Domid guest) {
    const std::string home = schema::path(schema::domain::home::dir(guest), schema::domain::home::device);
    std::vector<std::string> trees{
        schema::path(home, name_of(device_class)), backend_tree(device_class, guest),
        schema::path(schema::own::domain::dir(guest), name_of(device_class)), home};
    if (device_class == Device_class::xvbd) return trees;
    namespace libxl = schema::domain::libxl;
    const std::string listed = schema::path(libxl::dir(guest), libxl::device);
    for (std::string tree : {schema::path(listed, name_of(device_class)), listed, libxl::dir(guest)})
        trees.push_back(std::move(tree));
    return trees;
}

std::string kernel_error_dir(const Device_ref& device, Domid guest) {
    return "/local/domain/0/error/backend/" + std::string(name_of(device.device_class)) + "/" +
           std::to_string(number(guest)) + "/" + std::to_string(device.devid);
}

std::string interface_name(Domid guest, std::uint32_t devid) {
    return "vif" + std::to_string(number(guest)) + "." + std::to_string(devid);
}

std::string loop_label(const Uuid& guest, std::uint32_t devid) {
    return "xvm:" + guest.text() + ":" + std::to_string(devid);
}

} // namespace xvm::plan
