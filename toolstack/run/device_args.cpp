// SPDX-License-Identifier: Apache-2.0
#include "toolstack/run/device_args.hpp"

#include "toolstack/run/args.hpp"
#include "toolstack/run/store_trees.hpp"
#include "xenstore-schema/nodes.hpp"
#include "xenstore-schema/state_text.hpp"

namespace xvm::run {

Result<Device_args> device_args(const boost::json::object& args) {
    Device_args parsed;
    XVM_TRY_LET(const auto class_name, argument<std::string>(args, "class"));
    XVM_TRY_LET(parsed.device.devid, argument<std::uint32_t>(args, "devid"));
    XVM_TRY_LET(parsed.name, argument<std::string>(args, "name"));
    const auto device_class = plan::parse_device_class(class_name);
    if (!device_class)
        return fail(Fault::usage, "plan", "there are no devices of class '" + class_name + "'",
                    "it was made for another version of xvmd");
    parsed.device.device_class = *device_class;
    return parsed;
}

Result<std::chrono::milliseconds> limit_arg(const boost::json::object& args) {
    XVM_TRY_LET(const auto limit_ms, argument<std::int64_t>(args, "limit_ms"));
    return std::chrono::milliseconds(limit_ms);
}

Result<Sides> sides_of(port::Store& store, Domid domid, const plan::Device_ref& device) {
    // Every class of device names its state alike.
    constexpr std::string_view state = schema::xvbd::backend::state;
    Sides sides;
    XVM_TRY_LET(const auto back, read_if_there(store, schema::path(plan::backend_dir(device, domid), state)));
    XVM_TRY_LET(const auto front,
                read_if_there(store, schema::path(plan::frontend_dir(device, domid), state)));
    if (back) sides.backend = schema::state_of(*back);
    if (front) sides.frontend = schema::state_of(*front);
    return sides;
}

Result<std::string> complaint(port::Store& store, Domid domid, const plan::Device_ref& device) {
    const bool ours = device.device_class == plan::Device_class::xvbd;
    const std::string dir = ours ? plan::backend_dir(device, domid) : plan::kernel_error_dir(device, domid);
    XVM_TRY_LET(const auto error, read_if_there(store, schema::path(dir, schema::xvbd::backend::error)));
    return error.value_or("");
}

Result<std::optional<Domid>> number_of_nodes(Work& work) {
    XVM_TRY(work.alive()); // finds the number, if Xen knows it
    XVM_TRY_LET(const bool reused, work.number_is_reused());
    return reused ? std::optional<Domid>{} : work.known_domid();
}

} // namespace xvm::run
